#pragma once

#include <cstdint>
#include <string_view>

#include "net/dialect/request.h"

/// The strict gate: the only parser that ever looks at a request's head, so that nothing behind it can read the framing
/// differently (docs/adr/0003-own-request-head-parser.md). HeadScanner finds the head's end in bytes as they arrive;
/// parse_head then checks and splits it. Pure; every view borrows from the scanned bytes.

namespace sluice {

/// What one step found. A refusal answers `status` with `reason` (a literal) and closes the connection.
struct HeadVerdict {
  enum class State : std::uint8_t { incomplete, complete, refused };
  State state = State::incomplete;
  int status = 0;
  const char* reason = "";
};

/// Finds the empty line that ends a head, and refuses early what can never become one: a bare LF, a line or a head over
/// its limit, bytes that are no request line.
class HeadScanner {
 public:
  void reset() noexcept { *this = HeadScanner(); }
  /// `received`: everything from the head's first byte on; earlier bytes are not looked at again.
  [[nodiscard]] HeadVerdict scan(std::string_view received) noexcept;
  /// Length of the complete head, its empty line included.
  [[nodiscard]] std::size_t size() const noexcept { return line_begin_; }
  [[nodiscard]] std::size_t lines() const noexcept { return lines_; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t lines_ = 0;
};

struct RequestHead {
  Method method = Method::get;
  std::uint8_t minor_version = 1;  ///< HTTP/1.x.
  bool keep_alive = true;
  bool chunked = false;
  bool has_content_length = false;
  bool expect_continue = false;
  std::uint64_t content_length = 0;  ///< Saturated: a number too large for 64 bits is the largest.
  std::string_view path;             ///< Begins with '/', or "*".
  std::string_view query;
  std::string_view host;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view authorization;
  std::string_view api_key;
  std::string_view secret_key;
  std::string_view idempotency_key;
  std::string_view request_id;

  [[nodiscard]] bool has_body() const noexcept { return chunked || content_length > 0; }
};

/// `head`: what the scanner found complete, with its number of lines. RFC 9112 and 9110, strictly.
[[nodiscard]] HeadVerdict parse_head(std::string_view head, std::size_t lines, RequestHead& out) noexcept;

}  // namespace sluice
