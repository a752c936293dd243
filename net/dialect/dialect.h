#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/dialect/exchange.h"

/// A vendor's wire format: routes, and how its errors look. Dialects are pure translators: no I/O, clock, thread or
/// global state; everything lives in the Exchange. One static instance each, listed in net/dialects/registry.h.

namespace sluice {

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// The body is complete and the key checked (scope included).
  [[nodiscard]] virtual Next start(Exchange& exchange) const = 0;
  /// After the step that the last call asked for. Only for endpoints that asked for one.
  [[nodiscard]] virtual Next resume(Exchange& exchange) const;
  /// The answer to a request that may have changed something is complete, but there is no room for one over
  /// limits::kCountedReplyBytes: says the same in about limits::kShortReplyBytes. For endpoints whose answers grow with
  /// the number of items; the others leave theirs as it is.
  virtual void shorten(Exchange& exchange) const;
};

struct Route {
  Method method = Method::get;
  /// Exact segments and {name} parameters, no trailing slash: "/v1/scores/{id}". A slash more or less matches too.
  std::string_view pattern;
  Scope scope = kRead;
  const Endpoint* endpoint = nullptr;
  /// Only over admin.sock; on TCP such a route does not exist unless the settings open it.
  bool admin = false;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual DialectCode code() const noexcept = 0;
  [[nodiscard]] virtual std::span<const Route> routes() const noexcept = 0;
  /// Writes a refusal in this dialect's shape: status, body and Retry-After. 401s may add a header.
  virtual void refuse(const Refusal& refusal, const RequestView& request, Reply& reply) const = 0;
};

/// Default sentence for a code, for refusals that need no detail. Literal.
[[nodiscard]] std::string_view default_message(Errc code) noexcept;
/// HTTP status a whole-request refusal with this code has in every dialect (400, 401, 403, 404, 405, 409, 413, 415,
/// 422, 429, 503, 507, 500).
[[nodiscard]] int default_status(Errc code) noexcept;

}  // namespace sluice
