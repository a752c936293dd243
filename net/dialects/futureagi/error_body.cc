#include "net/dialects/futureagi/error_body.h"

#include "net/dialect/json_writer.h"

namespace sluice::futureagi {
namespace {

// The sentence stands four times in the body; `details` has every item.
constexpr std::size_t kToldInSentence = 20;

std::string_view type_of(int status) noexcept {
  switch (status) {
    case 400:
      return "validation_error";
    case 401:
      return "authentication_error";
    case 402:
      return "payment_required";
    case 403:
      return "permission_error";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 429:
      return "rate_limit";
    case 503:
      return "service_unavailable";
    case 504:
      return "timeout";
    default:
      return status < 500 ? "client_error" : "server_error";
  }
}

std::string_view default_code(int status) noexcept {
  switch (status) {
    case 401:
      return "not_authenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 409:
      return "conflict";
    case 413:
      return "request_too_large";
    case 415:
      return "unsupported_media_type";
    case 429:
      return "rate_limited";
    case 503:
      return "service_unavailable";
    default:
      return status < 500 ? "invalid" : "server_error";
  }
}

/// Everything up to and without the optional `attr` and `details`; the caller closes the object.
void begin_body(Reply& reply, int status, std::string_view code, std::string_view text) {
  reply.status = status;
  std::string& out = reply.body;
  out = "{\"status\":false";
  append_json_field(out, "type", type_of(status));
  append_json_field(out, "code", code.empty() ? default_code(status) : code);
  for (const std::string_view name : {"detail", "message", "error", "result"}) append_json_field(out, name, text);
}

}  // namespace

void write_field_errors(Reply& reply, std::span<const Problem> problems, bool camel) {
  begin_body(reply, 400, problems.front().code, sentence_of(problems, camel));
  std::string& out = reply.body;
  if (problems.front().field != Field::body) append_json_field(out, "attr", name_of(problems.front(), camel));
  append_json_key(out, "details");
  out.push_back('{');
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const bool same_field = i != 0 && name_of(problems[i], camel) == name_of(problems[i - 1], camel);
    if (same_field) {
      out.back() = ',';
    } else {
      if (out.back() != '{') out.push_back(',');
      append_json_string(out, name_of(problems[i], camel));  // An unknown field's name is the client's.
      out.append(":[");
    }
    append_json_string(out, problems[i].text);
    out.push_back(']');
  }
  out.append("}}");
}

void write_plain_error(Reply& reply, int status, std::string_view code, std::string_view text) {
  begin_body(reply, status, code, text);
  reply.body.push_back('}');
}

void write_item_errors(Reply& reply, std::span<const ItemError> errors, std::uint32_t items) {
  std::string text;
  std::size_t told = 0;
  for (const ItemError& error : errors) {
    text.append(text.empty() ? "scores: " : "; ").append(error.detail);
    if (++told == kToldInSentence) break;
  }
  begin_body(reply, 400, {}, text);
  std::string& out = reply.body;
  out.append(",\"attr\":\"scores\",\"details\":{\"scores\":[");
  std::size_t next = 0;
  for (std::uint32_t item = 0; item < items; ++item) {
    if (item != 0) out.push_back(',');
    const bool bad = next < errors.size() && errors[next].item == item;
    append_json_string(out, bad ? errors[next++].detail : std::string_view());
  }
  out.append("]}}");
}

}  // namespace sluice::futureagi
