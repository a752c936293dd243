#include "net/transport/request_head.h"

#include <cstring>
#include <limits>

#include "engine/base/limits.h"
#include "net/transport/text.h"

namespace sluice {
namespace {

constexpr HeadVerdict kComplete{HeadVerdict::State::complete, 0, ""};
constexpr HeadVerdict kIncomplete{HeadVerdict::State::incomplete, 0, ""};
constexpr HeadVerdict refused(int status, const char* reason) { return {HeadVerdict::State::refused, status, reason}; }
constexpr HeadVerdict bad(const char* reason) { return refused(400, reason); }

/// Bytes that may stand in no field: controls but the tab, and DEL. One branch-free pass that compilers vectorise.
std::size_t count_controls(std::string_view bytes) noexcept {
  std::size_t count = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    count += static_cast<std::size_t>(((byte < 0x20) & (byte != '\t')) | (byte == 0x7F));
  }
  return count;
}

Method method_of(std::string_view text) noexcept {
  if (text == "POST") return Method::post;
  if (text == "GET") return Method::get;
  if (text == "HEAD") return Method::head;
  if (text == "PUT") return Method::put;
  if (text == "PATCH") return Method::patch;
  if (text == "DELETE") return Method::del;
  if (text == "OPTIONS") return Method::options;
  return Method::other;
}

bool valid_port(std::string_view port) noexcept {
  return !port.empty() && port.size() <= 5 && text::all(port, text::kDigit);
}

/// uri-host [":" port]; the host itself may not be empty.
bool valid_host(std::string_view host) noexcept {
  if (host.empty()) return false;
  if (host.front() == '[') {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    for (const char c : host.substr(1, close - 1)) {
      if (!text::is(c, text::kHex) && c != ':' && c != '.') return false;
    }
    const std::string_view rest = host.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && valid_port(rest.substr(1)));
  }
  const std::size_t colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  if (name.empty() || !text::all(name, text::kRegName)) return false;
  return colon == std::string_view::npos || valid_port(host.substr(colon + 1));
}

/// A segment that is "." or "..", in plain or encoded dots.
bool is_dot_segment(std::string_view segment) noexcept {
  int dots = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && text::lower(segment[2]) == 'e') {
      segment.remove_prefix(3);
    } else {
      return false;
    }
    ++dots;
  }
  return dots == 1 || dots == 2;
}

HeadVerdict check_path(std::string_view path) noexcept {
  if (path.empty() || path.front() != '/') return bad("the request target must begin with a slash");
  bool special = false;  // A dot or a percent sign: rare, so that the second pass is.
  for (const char c : path) {
    if (c == '%' || c == '.') special = true;
    if (c != '%' && !text::is(c, text::kPath)) return bad("the request target has a character that must be encoded");
  }
  if (!special) return kComplete;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') continue;
    if (i + 2 >= path.size()) return bad("the request target has a malformed percent-encoding");
    const int high = text::hex_value(path[i + 1]);
    const int low = text::hex_value(path[i + 2]);
    if (high < 0 || low < 0) return bad("the request target has a malformed percent-encoding");
    const int decoded = high * 16 + low;
    if (decoded == '/' || decoded == '\\' || decoded == 0) return bad("the path hides a slash, a backslash or a NUL");
    i += 2;
  }
  for (std::string_view rest = path.substr(1);;) {
    const std::size_t slash = rest.find('/');
    if (is_dot_segment(rest.substr(0, slash))) return bad("the path has dot segments");
    if (slash == std::string_view::npos) return kComplete;
    rest.remove_prefix(slash + 1);
  }
}

HeadVerdict check_query(std::string_view query) noexcept {
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (text::is(query[i], text::kQuery)) continue;
    if (query[i] != '%') return bad("the query has a character that must be encoded");
    if (i + 2 >= query.size() || !text::is(query[i + 1], text::kHex) || !text::is(query[i + 2], text::kHex)) {
      return bad("the query has a malformed percent-encoding");
    }
    i += 2;
  }
  return kComplete;
}

/// Splits the target. `authority` is what an absolute-form names; empty otherwise.
HeadVerdict parse_target(std::string_view target, RequestHead& out, std::string_view& authority) noexcept {
  if (target == "*") {
    if (out.method != Method::options) return bad("the target '*' is for OPTIONS only");
    out.path = target;
    return kComplete;
  }
  if (target.front() != '/') {
    std::size_t scheme = 0;
    if (target.size() > 7 && text::equals_ignoring_case(target.substr(0, 7), "http://")) scheme = 7;
    if (target.size() > 8 && text::equals_ignoring_case(target.substr(0, 8), "https://")) scheme = 8;
    if (scheme == 0) return bad("the request target must be a path or an http URL");
    const std::string_view rest = target.substr(scheme);
    const std::size_t end = rest.find_first_of("/?");
    authority = rest.substr(0, end);
    if (!valid_host(authority)) return bad("the request target names no valid host");
    target = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
    if (target.front() == '?') return bad("the request target has no path");
  }
  const std::size_t question = target.find('?');
  out.path = target.substr(0, question);
  if (question != std::string_view::npos) out.query = target.substr(question + 1);
  if (const HeadVerdict verdict = check_path(out.path); verdict.status != 0) return verdict;
  return check_query(out.query);
}

HeadVerdict parse_request_line(std::string_view line, RequestHead& out, std::string_view& authority) noexcept {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || first == 0) return bad("malformed request line");
  const std::string_view method = line.substr(0, first);
  if (!text::all(method, text::kToken)) return bad("malformed method");
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos || second == first + 1) return bad("malformed request line");
  const std::string_view version = line.substr(second + 1);
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !text::is(version[5], text::kDigit) ||
      version[6] != '.' || !text::is(version[7], text::kDigit)) {
    return bad("malformed HTTP version");
  }
  if (version[5] != '1' || version[7] > '1') return refused(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  out.minor_version = static_cast<std::uint8_t>(version[7] - '0');
  out.method = method_of(method);
  if (out.method == Method::other) return refused(501, "this method is not implemented");
  return parse_target(line.substr(first + 1, second - first - 1), out, authority);
}

/// What the single pass over the fields remembers besides RequestHead.
struct FieldState {
  std::uint32_t seen = 0;  // One bit per field that may appear once.
  bool transfer_encoding = false;
  bool close = false;
  bool keep_alive = false;
};

enum Single : std::uint32_t {
  kHost = 1,
  kContentLength = 2,
  kTransferEncoding = 4,
  kContentType = 8,
  kContentEncoding = 16,
  kAuthorization = 32,
  kApiKey = 64,
  kSecretKey = 128,
  kIdempotencyKey = 256,
  kRequestIdField = 512,
  kExpect = 1024,
};

/// False when the field was there already.
bool once(FieldState& state, Single field) noexcept {
  if ((state.seen & field) != 0) return false;
  state.seen |= field;
  return true;
}

HeadVerdict take_content_length(std::string_view value, RequestHead& out) noexcept {
  if (value.empty() || !text::all(value, text::kDigit)) return bad("Content-Length must be digits only");
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    length = length > (kMost - digit) / 10 ? kMost : length * 10 + digit;
  }
  out.has_content_length = true;
  out.content_length = length;
  return kComplete;
}

HeadVerdict take_transfer_encoding(std::string_view value, RequestHead& out, FieldState& state) noexcept {
  state.transfer_encoding = true;
  if (value.empty()) return bad("Transfer-Encoding is empty");
  // RFC 9112 §6.3: unless chunked comes last, nobody knows where the body ends.
  const std::size_t comma = value.rfind(',');
  const std::string_view last = text::trim(value.substr(comma == std::string_view::npos ? 0 : comma + 1));
  if (!text::equals_ignoring_case(last, "chunked")) return bad("Transfer-Encoding must end in chunked");
  if (comma != std::string_view::npos) return refused(501, "Transfer-Encoding must be chunked alone");
  out.chunked = true;
  return kComplete;
}

HeadVerdict take_connection(std::string_view value, FieldState& state) noexcept {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = text::trim(value.substr(0, comma));
    if (!text::all(option, text::kToken)) return bad("malformed Connection field");
    if (text::equals_ignoring_case(option, "close")) state.close = true;
    if (text::equals_ignoring_case(option, "keep-alive")) state.keep_alive = true;
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return kComplete;
}

constexpr HeadVerdict kRepeated = bad("a field that may appear once is repeated");

HeadVerdict take_text(std::string_view value, FieldState& state, Single field, std::string_view& out) noexcept {
  if (!once(state, field)) return kRepeated;
  out = value;
  return kComplete;
}

HeadVerdict take_field(std::string_view name, std::string_view value, RequestHead& out, FieldState& state) noexcept {
  using text::equals_ignoring_case;
  switch (name.size()) {
    case 4:
      if (equals_ignoring_case(name, "host")) {
        if (!valid_host(value)) return bad("malformed Host");
        return take_text(value, state, kHost, out.host);
      }
      break;
    case 6:
      if (equals_ignoring_case(name, "expect")) {
        if (!once(state, kExpect)) return kRepeated;
        if (!equals_ignoring_case(value, "100-continue")) return refused(417, "Expect must be 100-continue");
        out.expect_continue = true;
      }
      break;
    case 9:
      if (equals_ignoring_case(name, "x-api-key")) return take_text(value, state, kApiKey, out.api_key);
      break;
    case 10:
      if (equals_ignoring_case(name, "connection")) return take_connection(value, state);
      break;
    case 12:
      if (equals_ignoring_case(name, "content-type")) return take_text(value, state, kContentType, out.content_type);
      if (equals_ignoring_case(name, "x-secret-key")) return take_text(value, state, kSecretKey, out.secret_key);
      if (equals_ignoring_case(name, "x-request-id")) return take_text(value, state, kRequestIdField, out.request_id);
      break;
    case 13:
      if (equals_ignoring_case(name, "authorization"))
        return take_text(value, state, kAuthorization, out.authorization);
      break;
    case 14:
      if (equals_ignoring_case(name, "content-length")) {
        return once(state, kContentLength) ? take_content_length(value, out) : kRepeated;
      }
      break;
    case 15:
      if (equals_ignoring_case(name, "idempotency-key")) {
        if (value.empty() || value.size() > limits::kIdempotencyKeyBytes)
          return bad("Idempotency-Key has a bad length");
        return take_text(value, state, kIdempotencyKey, out.idempotency_key);
      }
      break;
    case 16:
      if (equals_ignoring_case(name, "content-encoding")) {
        return take_text(value, state, kContentEncoding, out.content_encoding);
      }
      break;
    case 17:
      if (equals_ignoring_case(name, "transfer-encoding")) {
        return once(state, kTransferEncoding) ? take_transfer_encoding(value, out, state) : kRepeated;
      }
      break;
    default:
      break;
  }
  return kComplete;
}

/// Rules that need more than one field.
HeadVerdict check_whole(std::string_view authority, const FieldState& state, RequestHead& out) noexcept {
  if (out.minor_version == 1 && out.host.empty()) return bad("HTTP/1.1 needs a Host field");
  if (!authority.empty() && !out.host.empty()) {
    if (out.host.size() != authority.size()) return bad("Host differs from the request target");
    for (std::size_t i = 0; i < authority.size(); ++i) {
      if (text::lower(authority[i]) != text::lower(out.host[i])) return bad("Host differs from the request target");
    }
  }
  if (state.transfer_encoding) {
    if (out.minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (out.has_content_length) return bad("Content-Length beside Transfer-Encoding");
  }
  const bool bodiless = out.method == Method::get || out.method == Method::head || out.method == Method::del ||
                        out.method == Method::options;
  if (bodiless && out.has_body()) return bad("this method takes no body");
  if (out.minor_version == 0) out.expect_continue = false;  // RFC 9110 §10.1.1: ignored.
  out.keep_alive = !state.close && (out.minor_version == 1 || state.keep_alive);
  return kComplete;
}

}  // namespace

HeadVerdict HeadScanner::scan(std::string_view received) noexcept {
  if (lines_ == 0 && !received.empty() && !text::is(received.front(), text::kToken))
    return bad("malformed request line");
  for (;;) {
    const bool in_request_line = lines_ == 0;
    const std::size_t line_max = in_request_line ? limits::kRequestLineBytes : limits::kHeaderFieldBytes;
    const HeadVerdict too_long =
        in_request_line ? refused(414, "the request line is too long") : refused(431, "a header field is too long");
    const void* const at = std::memchr(received.data() + scanned_, '\n', received.size() - scanned_);
    const std::size_t end =
        at == nullptr ? received.size() : static_cast<std::size_t>(static_cast<const char*>(at) - received.data());
    // The line's own CR does not count, and one that waits for its LF must not either.
    const std::size_t trailing = end > line_begin_ && received[end - 1] == '\r' ? 1 : 0;
    if (end - line_begin_ - trailing > line_max) return too_long;
    if (end > limits::kHeadBytes) return refused(431, "the head is too long");
    scanned_ = end;
    if (at == nullptr) return kIncomplete;
    if (trailing == 0) return bad("a line ends in a bare LF");
    const bool empty = end - line_begin_ == 1;
    scanned_ = end + 1;
    line_begin_ = end + 1;
    ++lines_;
    if (line_begin_ > limits::kHeadBytes) return refused(431, "the head is too long");
    if (empty) return kComplete;
    if (lines_ > limits::kHeaderFields + 1) return refused(431, "too many header fields");
  }
}

HeadVerdict parse_head(std::string_view head, std::size_t lines, RequestHead& out) noexcept {
  out = RequestHead();
  // Each line's CR and LF, and not one control more: this covers NUL, bare CR and every other control at once.
  if (count_controls(head) != 2 * lines) return bad("a control character in the head");
  std::string_view authority;
  std::size_t end = head.find('\r');
  if (const HeadVerdict verdict = parse_request_line(head.substr(0, end), out, authority); verdict.status != 0)
    return verdict;

  FieldState state;
  for (std::size_t begin = end + 2;; begin = end + 2) {
    end = head.find('\r', begin);
    if (end == begin) break;
    const std::string_view line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad("malformed header field");
    const std::string_view name = line.substr(0, colon);
    // A leading space is a folded line, one before the colon a trick: neither is a token character.
    if (!text::all(name, text::kToken)) return bad("malformed header field name");
    const HeadVerdict verdict = take_field(name, text::trim(line.substr(colon + 1)), out, state);
    if (verdict.status != 0) return verdict;
  }
  return check_whole(authority, state, out);
}

}  // namespace sluice
