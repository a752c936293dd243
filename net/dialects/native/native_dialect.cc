#include "net/dialects/native/native_dialect.h"

#include <array>

#include "net/dialect/json_writer.h"
#include "net/dialects/registry.h"

namespace sluice {
namespace {

/// A route that any of two scopes opens.
constexpr Scope either(Scope a, Scope b) noexcept { return static_cast<Scope>(a | b); }

class NativeDialect final : public Dialect {
 public:
  NativeDialect()
      : routes_{{
            {Method::post, "/v1/scores", kIngest, &native::post_scores()},
            {Method::get, "/v1/scores", kRead, &native::list_scores()},
            {Method::get, "/v1/scores/{id}", kRead, &native::get_score()},
            {Method::del, "/v1/scores/{id}", either(kIngest, kManage), &native::delete_score()},
            {Method::get, "/v1/annotators/{id}/scores", kRead, &native::list_annotator_scores()},
            {Method::post, "/v1/labels", kManage, &native::post_label()},
            {Method::get, "/v1/labels", kRead, &native::list_labels()},
            {Method::get, "/v1/labels/{id}", kRead, &native::get_label()},
            {Method::patch, "/v1/labels/{id}", kManage, &native::patch_label()},
            {Method::del, "/v1/labels/{id}", kManage, &native::archive_label()},
            {Method::post, "/v1/labels/{id}/restore", kManage, &native::restore_label()},
            {Method::post, "/v1/sources", either(kIngest, kManage), &native::post_sources()},
            {Method::get, "/v1/sources", kRead, &native::get_source()},
            {Method::post, "/v1/keys", kAdmin, &native::post_key(), true},
            {Method::get, "/v1/keys", kAdmin, &native::list_keys(), true},
            {Method::del, "/v1/keys/{id}", kAdmin, &native::revoke_key(), true},
            {Method::patch, "/v1/workspaces/{name}", kAdmin, &native::patch_workspace(), true},
        }} {}

  DialectCode code() const noexcept override { return DialectCode::native; }
  std::span<const Route> routes() const noexcept override { return routes_; }

  /// {"error":{"code","message","field"?},"message","request_id"}: the sentence also where simple clients look for it.
  void refuse(const Refusal& refusal, const RequestView& request, Reply& reply) const override {
    reply.status = refusal.status;
    reply.retry_after_seconds = refusal.retry_after_seconds;
    if ((refusal.status == 429 || refusal.status == 503) && reply.retry_after_seconds < 1)
      reply.retry_after_seconds = 1;
    const std::string_view message =
        refusal.message.empty() ? default_message(refusal.code) : std::string_view(refusal.message);
    std::string& out = reply.body;
    out.clear();
    out += "{\"error\":{";
    append_json_field(out, "code", to_string(refusal.code));
    append_json_field(out, "message", message);
    if (!refusal.field.empty()) append_json_field(out, "field", refusal.field);
    out += '}';
    append_json_field(out, "message", message);
    append_json_field(out, "request_id", request.request_id);
    out += '}';
  }

 private:
  const std::array<Route, 17> routes_;
};

}  // namespace

const Dialect& native_dialect() noexcept {
  static const NativeDialect kDialect;
  return kDialect;
}

}  // namespace sluice
