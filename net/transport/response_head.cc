#include "net/transport/response_head.h"

#include <charconv>
#include <ctime>

#include "net/transport/text.h"

namespace sluice {
namespace {

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, static_cast<std::size_t>(end - digits));
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "200 OK";
    case 201:
      return "201 Created";
    case 202:
      return "202 Accepted";
    case 204:
      return "204 No Content";
    case 207:
      return "207 Multi-Status";
    case 400:
      return "400 Bad Request";
    case 401:
      return "401 Unauthorized";
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 408:
      return "408 Request Timeout";
    case 409:
      return "409 Conflict";
    case 410:
      return "410 Gone";
    case 413:
      return "413 Content Too Large";
    case 414:
      return "414 URI Too Long";
    case 415:
      return "415 Unsupported Media Type";
    case 417:
      return "417 Expectation Failed";
    case 422:
      return "422 Unprocessable Content";
    case 429:
      return "429 Too Many Requests";
    case 431:
      return "431 Request Header Fields Too Large";
    case 500:
      return "500 Internal Server Error";
    case 501:
      return "501 Not Implemented";
    case 503:
      return "503 Service Unavailable";
    case 505:
      return "505 HTTP Version Not Supported";
    case 507:
      return "507 Insufficient Storage";
    default:
      return {};
  }
}

bool names_authentication(std::string_view line) noexcept {
  constexpr std::string_view kName = "www-authenticate:";
  return line.size() >= kName.size() && text::equals_ignoring_case(line.substr(0, kName.size()), kName);
}

}  // namespace

void render_response_head(std::string& out, const Reply& reply, const ResponseShape& shape) {
  out.assign("HTTP/1.1 ");
  if (const std::string_view phrase = reason_phrase(reply.status); !phrase.empty()) {
    out.append(phrase);
  } else {
    append_number(out, static_cast<std::size_t>(reply.status));
    out.append(" ");
  }
  out.append("\r\nDate: ").append(shape.date);
  if (reply.status != 204) {
    out.append("\r\nContent-Type: ").append(reply.content_type).append("\r\nContent-Length: ");
    append_number(out, reply.body.size());
  }
  out.append("\r\nX-Request-Id: ").append(shape.request_id);
  out.append("\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n");
  if (reply.retry_after_seconds > 0) {
    out.append("Retry-After: ");
    append_number(out, static_cast<std::size_t>(reply.retry_after_seconds));
    out.append("\r\n");
  }
  if (reply.status == 401 && !names_authentication(reply.extra_header)) out.append("WWW-Authenticate: ApiKey\r\n");
  if (!reply.extra_header.empty()) out.append(reply.extra_header).append("\r\n");
  if (!shape.allow.empty()) out.append(shape.allow).append("\r\n");
  if (shape.close) {
    out.append("Connection: close\r\n");
  } else if (shape.minor_version == 0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

void render_http_date(std::string& out, WallTime now) {
  const std::time_t seconds = static_cast<std::time_t>(now / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char rest[32];
  // strftime's names follow the locale; the protocol's do not.
  const std::size_t size = std::strftime(rest, sizeof rest, " %Y %H:%M:%S GMT", &parts);
  char day[4];
  std::strftime(day, sizeof day, "%d", &parts);
  out.assign(kDays[parts.tm_wday]).append(", ").append(day, 2).append(" ").append(kMonths[parts.tm_mon]);
  out.append(rest, size);
}

}  // namespace sluice
