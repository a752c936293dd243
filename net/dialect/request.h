#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

/// An HTTP request as dialects see it, and the answer they build. No socket, no library type.

namespace sluice {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
[[nodiscard]] std::string_view to_string(Method method) noexcept;

/// Borrowed from the connection's buffer; valid until the exchange is reset.
struct RequestView {
  Method method = Method::get;
  std::string_view path;    ///< Raw, without the query; starts with '/'.
  std::string_view query;   ///< Raw, without '?'.
  std::string_view content_type;
  std::string_view idempotency_key;  ///< Header value; empty: none.
  std::string_view host;             ///< For absolute links.
  std::string_view request_id;       ///< What X-Request-Id will say.
  /// Decoded (gzip, zstd, chunked), mutable, with limits::kPadding readable bytes behind it.
  std::span<char> body;
  /// Path parameters of the route, in order: {id} …; raw.
  std::vector<std::string_view> params;
};

/// Reused from request to request; body keeps its capacity.
struct Reply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";  ///< A literal.
  int retry_after_seconds = 0;                          ///< > 0: header.
  std::string_view extra_header;                        ///< One literal "Name: value" line, or empty.
  bool close = false;
  void reset() noexcept;
};

/// A refusal in words, before it has a dialect's shape.
struct Refusal {
  int status = 400;
  Errc code = Errc::internal;
  std::string message;
  std::string_view field;  ///< A literal or part of the request; empty: none.
  int retry_after_seconds = 0;
};

/// Decoded `a=b&c=d`. Percent-decoding goes into `storage`. Repeated names stay in order.
struct QueryParam {
  std::string_view name;
  std::string_view value;
};
/// Errors: bad percent-encoding or more than 64 parameters give unknown_parameter.
[[nodiscard]] Result<void> parse_query(std::string_view query, std::string& storage, std::vector<QueryParam>& out);

}  // namespace sluice
