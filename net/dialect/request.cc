#include "net/dialect/request.h"

namespace sluice {
namespace {

constexpr std::size_t kQueryParams = 64;
// A body this large was an exception; keeping it would let every connection hold its largest answer for ever.
constexpr std::size_t kReplyBytesKept = 256 * 1024;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends the decoded form of `raw`; false when a '%' is not followed by two hexadecimal digits.
bool append_decoded(std::string& out, std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+') {
      out.push_back(' ');
    } else if (raw[i] != '%') {
      out.push_back(raw[i]);
    } else {
      if (i + 2 >= raw.size()) return false;
      const int high = hex_digit(raw[i + 1]);
      const int low = hex_digit(raw[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return true;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "OTHER";
}

void Reply::reset() noexcept {
  status = 200;
  if (body.capacity() > kReplyBytesKept) {
    std::string().swap(body);  // Assigning an empty string would keep the memory.
  } else {
    body.clear();
  }
  content_type = "application/json";
  retry_after_seconds = 0;
  extra_header = {};
  close = false;
}

Result<void> parse_query(std::string_view query, std::string& storage, std::vector<QueryParam>& out) {
  out.clear();
  storage.clear();
  storage.reserve(query.size());  // Decoding never lengthens, so the views below stay valid while storage grows.
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    if (out.size() == kQueryParams) return Error{Errc::unknown_parameter, 0, "too many parameters"};
    const std::size_t equals = pair.find('=');
    const std::size_t name_at = storage.size();
    if (!append_decoded(storage, pair.substr(0, equals))) return Error{Errc::unknown_parameter, 0, "percent-encoding"};
    const std::size_t value_at = storage.size();
    if (equals != std::string_view::npos && !append_decoded(storage, pair.substr(equals + 1))) {
      return Error{Errc::unknown_parameter, 0, "percent-encoding"};
    }
    out.push_back(
        {std::string_view(storage).substr(name_at, value_at - name_at), std::string_view(storage).substr(value_at)});
  }
  return {};
}

}  // namespace sluice
