#include "net/dialects/futureagi/futureagi_dialect.h"

#include <algorithm>

#include "net/dialect/rest_shape.h"
#include "net/dialects/futureagi/endpoints.h"
#include "net/dialects/futureagi/error_body.h"

namespace sluice {
namespace {

// The fixed words stand before {id}: the first match is taken.
std::span<const Route> all_routes() noexcept {
  static const Route kRoutes[] = {
      {Method::post, "/model-hub/scores", kIngest, &futureagi::create_score()},
      {Method::post, "/model-hub/scores/bulk", kIngest, &futureagi::create_scores()},
      {Method::get, "/model-hub/scores/for-source", kRead, &futureagi::scores_for_source()},
      {Method::get, "/model-hub/scores", kRead, &futureagi::list_scores()},
      {Method::get, "/model-hub/scores/{id}", kRead, &futureagi::get_score()},
      {Method::put, "/model-hub/scores/{id}", kIngest, &futureagi::put_score()},
      {Method::patch, "/model-hub/scores/{id}", kIngest, &futureagi::patch_score()},
      {Method::del, "/model-hub/scores/{id}", kIngest, &futureagi::delete_score()},
  };
  return kRoutes;
}

class FutureAgiDialect final : public Dialect {
 public:
  DialectCode code() const noexcept override { return DialectCode::futureagi; }
  std::span<const Route> routes() const noexcept override { return all_routes(); }

  void refuse(const Refusal& refusal, const RequestView& request, Reply& reply) const override {
    reply.retry_after_seconds = refusal.retry_after_seconds;
    if (refusal.status == 429) reply.retry_after_seconds = std::max(1, refusal.retry_after_seconds);
    if (refusal.status == 401) reply.extra_header = "WWW-Authenticate: ApiKey";
    std::string text;
    std::string_view code;
    switch (refusal.code) {
      case Errc::unauthenticated:
      case Errc::key_revoked:
        text = "Invalid API key or secret key";
        code = "authentication_failed";
        break;
      case Errc::conflicting_credentials:
        text = refusal_sentence(refusal);
        code = "authentication_failed";
        break;
      case Errc::method_not_allowed:
        text.append("Method \"").append(to_string(request.method)).append("\" not allowed.");
        break;
      default:
        text = refusal_sentence(refusal);
        break;
    }
    futureagi::write_plain_error(reply, refusal.status, code, text);
  }
};

}  // namespace

const Dialect& futureagi_dialect() noexcept {
  static const FutureAgiDialect kDialect;
  return kDialect;
}

}  // namespace sluice
