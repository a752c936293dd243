#include "net/dialect/dialect.h"
#include "net/dialect/json_cursor.h"
#include "net/dialect/lines.h"
#include "net/dialects/native/post_scores.h"
#include "net/dialects/native/replies.h"
#include "net/dialects/native/score_item.h"

namespace sluice::native {
namespace {

/// The media type without parameters, in lower case.
std::string media_type(std::string_view content_type) {
  std::string out(content_type.substr(0, content_type.find(';')));
  while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view text_of(std::span<const char> body) noexcept { return {body.data(), body.size()}; }

bool is_blank(std::string_view body) noexcept { return body.find_first_not_of(" \t\r\n") == body.npos; }

Refusal too_many_items() {
  return refusal(Errc::too_many_items,
                 "A request may hold at most " + std::to_string(limits::kItems) + " scores; send the rest in another.");
}

/// Decodes a JSON body's items, whatever stands around them.
class JsonBody {
 public:
  JsonBody(Exchange& exchange, const JsonDocument& document)
      : exchange_(exchange), document_(document), items_(exchange, document) {}

  Errc root(JsonValue& value) {
    if (value.kind() == JsonKind::array) return list(value);
    bool single = false;
    const std::size_t begins = value.offset();
    const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
      if (key == "scores") {
        wrapped_ = true;
        return member.kind() == JsonKind::array ? list(member) : (list_is_wrong_ = true, member.skip());
      }
      if (wrapped_) {
        if (stray_.empty()) stray_ = key;
        return member.skip();
      }
      if (!single) items_.begin(0);
      single = true;
      if (stray_.empty()) stray_ = key;  // Only where "scores" comes later.
      return items_.member(key, member);
    });
    if (wrapped_ || document_.broken()) return code;
    if (!single) items_.begin(0);
    items_.end(code, document_.position() - begins);
    exchange_.items = 1;
    return Errc::ok;
  }

  /// After the walk: what is wrong with the wrapper.
  std::optional<Refusal> problem() const {
    if (!wrapped_) return {};
    if (list_is_wrong_) return refusal(Errc::wrong_type, "scores must be a list of scores.", "scores");
    if (!stray_.empty())
      return refusal(Errc::unknown_field,
                     "'" + std::string(stray_) +
                         "' may not stand beside scores; the body is {\"scores\": [...]}, "
                         "a list of scores or one score.",
                     stray_);
    return {};
  }

 private:
  Errc list(JsonValue& value) {
    return value.array([this](std::size_t index, JsonValue& element) -> Errc {
      if (index >= limits::kItems) {
        exchange_.items = limits::kItems + 1;
        (void)element.skip();  // Whatever it is: the request is refused, unless its text is broken.
        return Errc::ok;
      }
      exchange_.items = static_cast<std::uint32_t>(index) + 1;
      return items_.item(static_cast<std::uint32_t>(index), element);
    });
  }

  Exchange& exchange_;
  const JsonDocument& document_;
  ItemDecoder items_;
  bool wrapped_ = false;
  bool list_is_wrong_ = false;
  std::string_view stray_;
};

void forget(Exchange& exchange) {
  exchange.batch.records.clear();
  exchange.item_errors.clear();
  exchange.items = 0;
}

std::optional<Refusal> decode_json(Exchange& exchange, std::string_view body) {
  JsonDocument document(*exchange.json, exchange.arena);
  JsonBody items(exchange, document);
  const Errc code = document.parse(body, [&](JsonValue& root) { return items.root(root); });
  std::optional<Refusal> refused;
  if (document.broken() || code != Errc::ok) {
    refused = refuse_document(document, code, body);
  } else if (exchange.items > limits::kItems) {
    refused = too_many_items();
  } else {
    refused = items.problem();
  }
  if (refused) forget(exchange);
  return refused;
}

/// Why one line is no item, with the place; kept in the arena.
std::string_view line_text(Exchange& exchange, const JsonDocument& document, Errc code) {
  if (code == Errc::invalid_utf8) return "is not valid UTF-8.";
  if (document.broken_at() == 0) return "is not a JSON object on a line of its own.";
  std::string text =
      code == Errc::trailing_bytes ? "has something behind its end at byte " : "is not valid JSON at byte ";
  text += std::to_string(document.broken_at()) + " of its line.";
  return exchange.arena.copy(text);
}

std::optional<Refusal> decode_lines(Exchange& exchange, std::string_view body) {
  JsonDocument document(*exchange.json, exchange.arena);
  ItemDecoder items(exchange, document);
  for_each_line(body, [&](std::string_view line) {
    if (exchange.items == limits::kItems) {
      ++exchange.items;
      return false;
    }
    const std::uint32_t index = exchange.items++;
    if (line.size() > limits::kLineBytes) {
      items.bad_item(index, Errc::item_too_long, "is longer than 1048576 bytes.");
      return true;
    }
    const std::size_t records = exchange.batch.records.size();
    const std::size_t errors = exchange.item_errors.size();
    const Errc code = document.parse(line, [&](JsonValue& root) { return items.item(index, root); });
    if (!document.broken()) return true;
    exchange.batch.records.resize(records);  // A whole object may stand before what broke the line.
    exchange.item_errors.resize(errors);
    items.bad_item(index, code == Errc::malformed_json ? Errc::item_malformed : code,
                   line_text(exchange, document, code));
    return true;
  });
  if (exchange.items <= limits::kItems) return {};
  forget(exchange);
  return too_many_items();
}

}  // namespace

std::optional<BodyFormat> body_format(std::string_view content_type) noexcept {
  if (content_type == "application/json" || content_type.empty()) return BodyFormat::json;
  if (content_type == "application/x-ndjson") return BodyFormat::ndjson;
  const std::string type = media_type(content_type);
  if (type == "application/json" || type == "text/json" || type == "application/x-www-form-urlencoded" ||
      type.ends_with("+json"))
    return BodyFormat::json;
  if (type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
      type == "application/x-jsonlines")
    return BodyFormat::ndjson;
  return {};
}

Refusal refuse_document(const JsonDocument& document, Errc code, std::string_view body) {
  if (is_blank(body)) return refusal(Errc::malformed_json, "The body is empty; a JSON document was expected.");
  if (body.starts_with("\xEF\xBB\xBF"))
    return refusal(Errc::malformed_json, "The body begins with a byte order mark; send UTF-8 without one.");
  switch (code) {
    case Errc::invalid_utf8:
      return refusal(code, "The body is not valid UTF-8.");
    case Errc::trailing_bytes:
      return refusal(code,
                     "Something follows the JSON document at byte " + std::to_string(document.broken_at()) +
                         ". Several scores go into a list, or one per line with Content-Type: application/x-ndjson.");
    case Errc::duplicate_key:
      return refusal(code, "'" + std::string(document.bad_key()) + "' appears twice in one object.",
                     document.bad_key());
    case Errc::too_deep:
      return refusal(code, "The body is nested more than " + std::to_string(limits::kJsonDepth) + " levels deep.");
    case Errc::malformed_json:
      return refusal(code, document.broken_at() == 0
                               ? std::string("The body is not a JSON object or list.")
                               : "The body is not valid JSON at byte " + std::to_string(document.broken_at()) + ".");
    default:
      return refusal(code, std::string(default_message(code)));
  }
}

std::optional<Refusal> decode_scores(Exchange& exchange, BodyFormat format) {
  const std::string_view body = text_of(exchange.request.body);
  if (is_blank(body)) return refusal(Errc::malformed_json, "The body is empty; at least one score was expected.");
  return format == BodyFormat::json ? decode_json(exchange, body) : decode_lines(exchange, body);
}

}  // namespace sluice::native
