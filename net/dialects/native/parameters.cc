#include "net/dialects/native/parameters.h"

#include <algorithm>
#include <charconv>

#include "engine/base/limits.h"
#include "net/dialect/json_reader.h"
#include "net/dialects/native/replies.h"
#include "net/dialects/native/score_item.h"

namespace sluice::native {
namespace {

std::string joined(std::initializer_list<std::string_view> names, std::string_view separator) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += separator;
    out += name;
  }
  return out;
}

}  // namespace

Parameters::Parameters(Exchange& exchange, std::initializer_list<std::string_view> allowed) : exchange_(exchange) {
  if (!parse_query(exchange.request.query, exchange.query_storage, exchange.query)) {
    refusal_ = native::refusal(Errc::unknown_parameter,
                               "The query is not well-formed: bad percent-encoding or more than 64 parameters.");
    return;
  }
  if (!is_utf8(exchange.query_storage)) {
    refusal_ = native::refusal(Errc::invalid_utf8, "The query's parameters are not valid UTF-8.");
    return;
  }
  for (std::size_t i = 0; i < exchange.query.size(); ++i) {
    const std::string_view name = exchange.query[i].name;
    const bool known = std::find(allowed.begin(), allowed.end(), name) != allowed.end() ||
                       (name == "workspace" && exchange.principal.workspace == 0);
    if (!known) {
      std::string message = "'" + std::string(name) + "' is no parameter of this route; ";
      message += allowed.size() == 0 ? std::string("it takes none.") : "it takes " + joined(allowed, ", ") + ".";
      refuse(Errc::unknown_parameter, name, message);
      return;
    }
    for (std::size_t k = 0; k < i; ++k)
      if (exchange.query[k].name == name)
        refuse(Errc::unknown_parameter, name, "'" + std::string(name) + "' is given twice; give it once.");
  }
}

void Parameters::refuse(Errc code, std::string_view name, std::string_view text) {
  if (!refusal_) refusal_ = native::refusal(code, std::string(text), name);
}

bool Parameters::has(std::string_view name) const noexcept {
  return std::any_of(exchange_.query.begin(), exchange_.query.end(),
                     [&](const QueryParam& p) { return p.name == name; });
}

std::string_view Parameters::text(std::string_view name) const noexcept {
  for (const QueryParam& parameter : exchange_.query)
    if (parameter.name == name) return parameter.value;
  return {};
}

bool Parameters::flag(std::string_view name) {
  if (!has(name)) return false;
  const std::string_view value = text(name);
  if (value == "1" || value == "true") return true;
  if (value != "0" && value != "false")
    refuse(Errc::parameter_out_of_range, name, std::string(name) + " must be 1, true, 0 or false.");
  return false;
}

std::size_t Parameters::limit() {
  if (!has("limit")) return limits::kPageDefault;
  const std::string_view value = text("limit");
  std::size_t limit = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (result.ec == std::errc() && result.ptr == value.data() + value.size() && limit >= 1 &&
      limit <= limits::kPageLimit)
    return limit;
  refuse(Errc::parameter_out_of_range, "limit",
         "limit must be a whole number from 1 to " + std::to_string(limits::kPageLimit) + ".");
  return limits::kPageDefault;
}

std::optional<WallTime> Parameters::time(std::string_view name) {
  if (!has(name)) return {};
  std::optional<WallTime> time = parse_rfc3339(text(name));
  if (!time) time = parse_milliseconds(text(name));
  if (!time)
    refuse(Errc::bad_timestamp, name,
           std::string(name) +
               " must be an RFC 3339 time (2026-01-31T23:59:59Z; a '+' in it is "
               "written %2B) or whole milliseconds since 1970.");
  return time;
}

std::optional<Uuid> Parameters::uuid(std::string_view name) {
  if (!has(name)) return {};
  const std::optional<Uuid> uuid = parse_any_uuid(text(name));
  if (!uuid) refuse(Errc::bad_uuid, name, std::string(name) + " must be a UUID.");
  return uuid;
}

std::string_view Parameters::choice(std::string_view name, std::initializer_list<std::string_view> choices) {
  if (!has(name)) return *choices.begin();
  const auto found = std::find(choices.begin(), choices.end(), text(name));
  if (found != choices.end()) return *found;
  refuse(Errc::parameter_out_of_range, name, std::string(name) + " must be " + joined(choices, " or ") + ".");
  return *choices.begin();
}

WorkspaceNumber Parameters::workspace() {
  if (exchange_.principal.workspace != 0) return exchange_.principal.workspace;
  if (!has("workspace")) {
    refuse(Errc::unknown_parameter, "workspace", "The operator's requests name a workspace: ?workspace=NAME.");
    return 0;
  }
  const Workspace* const found = exchange_.catalogue->workspace_by_name(text("workspace"));
  if (found != nullptr) return found->number;
  refuse(Errc::not_found, "workspace", "No workspace is named '" + std::string(text("workspace")) + "'.");
  return 0;
}

SourceRef read_source(Parameters& parameters) {
  const std::string_view type = parameters.text("source_type");
  const std::string_view id = parameters.text("source_id");
  if (!is_identifier(type))
    parameters.refuse(Errc::bad_identifier, "source_type",
                      "source_type must be 1 to 64 letters, digits, '_', '-' or '.'; it stands beside source_id.");
  if (id.empty() || id.size() > limits::kSourceIdBytes)
    parameters.refuse(Errc::parameter_out_of_range, "source_id",
                      "source_id must be 1 to 256 bytes; it stands beside source_type.");
  SourceRef source;
  source.spelling = source_spelling(type);
  source.type_text = source.spelling == SourceSpelling::other ? type : std::string_view();
  source.id = id;
  return source;
}

std::optional<Uuid> path_uuid(const Exchange& exchange, std::size_t index) {
  return parse_any_uuid(exchange.request.params[index]);
}

std::string path_text(const Exchange& exchange, std::size_t index) {
  const std::string_view raw = exchange.request.params[index];
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      out += raw[i];
      continue;
    }
    unsigned byte = 0;
    if (raw.size() - i < 3) return {};
    const auto result = std::from_chars(raw.data() + i + 1, raw.data() + i + 3, byte, 16);
    if (result.ec != std::errc() || result.ptr != raw.data() + i + 3) return {};
    out += static_cast<char>(static_cast<unsigned char>(byte));
    i += 2;
  }
  return out;
}

}  // namespace sluice::native
