#include "net/dialects/native/flat_body.h"

#include "net/dialect/dialect.h"
#include "net/dialects/native/post_scores.h"

namespace sluice::native {

int FlatBody::status_of(Errc code) noexcept { return default_status(code); }

void FlatBody::refuse_structure(Errc code, std::string_view body) {
  // A document that is broken goes before whatever its members were guilty of.
  if (document_.broken()) refusal_.reset();
  if (code == Errc::wrong_type) return refuse(code, {}, "The body must be one JSON object.");
  if (!refusal_) refusal_ = refuse_document(document_, code, body);
}

bool FlatBody::text(JsonValue& value, std::string_view field, std::size_t bytes_min, std::size_t bytes_max,
                    std::optional<std::string>& out) {
  std::string_view found;
  const Errc code = value.text(found, bytes_max);
  if (code == Errc::ok && found.size() >= bytes_min) {
    out = found;
  } else {
    refuse(code == Errc::ok ? Errc::field_blank : code, field,
           std::string(field) + " must be a string of " + std::to_string(bytes_min) + " to " +
               std::to_string(bytes_max) + " bytes.");
  }
  return true;
}

bool FlatBody::flag(JsonValue& value, std::string_view field, std::optional<bool>& out) {
  bool found = false;
  const Errc code = value.boolean(found);
  if (code == Errc::ok) {
    out = found;
  } else {
    refuse(code, field, std::string(field) + " must be true or false.");
  }
  return true;
}

}  // namespace sluice::native
