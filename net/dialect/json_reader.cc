#include "net/dialect/json_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include <simdjson.h>

#include "net/dialect/json_cursor.h"

namespace sluice {
namespace {

/// What a parser keeps for good. Doubled: idle io threads keep more; halved: bodies of half this size allocate each
/// time.
constexpr std::size_t kKeptCapacity = 1u << 20;
constexpr std::size_t kSmallestCapacity = 16 * 1024;
/// Open containers skip_too_deep() follows below limits::kJsonDepth before it gives the whole text up.
constexpr std::size_t kSkippedDepth = 1024;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Four hexadecimal digits at `at`, or -1.
int hex_unit(std::string_view raw, std::size_t at) noexcept {
  if (raw.size() - at < 4) return -1;
  int unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(raw[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

char* put_utf8(char* out, std::uint32_t point) noexcept {
  const auto byte = [&out](std::uint32_t value) { *out++ = static_cast<char>(static_cast<unsigned char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
  return out;
}

char simple_escape(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

struct Unescaped {
  char* end = nullptr;          ///< Null: a bad escape.
  bool lone_surrogate = false;  ///< Grammar allows it; no text can hold it.
};

/// Writes at most raw.size() bytes: every escape is longer than what it stands for.
Unescaped unescape_into(char* out, std::string_view raw) noexcept {
  Unescaped result;
  std::size_t i = 0;
  while (i < raw.size()) {
    const auto* const slash = static_cast<const char*>(std::memchr(raw.data() + i, '\\', raw.size() - i));
    const std::size_t run = slash == nullptr ? raw.size() - i : static_cast<std::size_t>(slash - raw.data()) - i;
    std::memmove(out, raw.data() + i, run);
    out += run;
    i += run;
    if (slash == nullptr) break;
    if (raw.size() - i < 2) return {};
    if (raw[i + 1] != 'u') {
      const char c = simple_escape(raw[i + 1]);
      if (c == '\0') return {};
      *out++ = c;
      i += 2;
      continue;
    }
    const int unit = hex_unit(raw, i + 2);
    if (unit < 0) return {};
    i += 6;
    auto point = static_cast<std::uint32_t>(unit);
    if (point >= 0xD800 && point < 0xE000) {
      const bool high = point < 0xDC00;
      const int low = high && raw.size() - i >= 6 && raw[i] == '\\' && raw[i + 1] == 'u' ? hex_unit(raw, i + 2) : -1;
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
        i += 6;
      } else {
        result.lone_surrogate = true;  // Go on: a bad escape behind it breaks the document, which matters more.
        continue;
      }
    }
    out = put_utf8(out, point);
  }
  result.end = out;
  return result;
}

/// RFC 8259 number.
bool is_number(std::string_view token) noexcept {
  const char* at = token.data();
  const char* const end = at + token.size();
  const auto digit = [&] { return at != end && *at >= '0' && *at <= '9'; };
  if (at != end && *at == '-') ++at;
  if (!digit()) return false;
  if (*at == '0') {
    ++at;
  } else {
    while (digit()) ++at;
  }
  if (at != end && *at == '.') {
    ++at;
    if (!digit()) return false;
    while (digit()) ++at;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digit()) return false;
    while (digit()) ++at;
  }
  return at == end;
}

}  // namespace

struct JsonParser::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;

  Impl() {
    // The kernel is chosen at run time by the library. Depth 1: stage 2, which would need it, is never run.
    const auto error =
        simdjson::get_active_implementation()->create_dom_parser_implementation(kSmallestCapacity, 1, stage1);
    SLUICE_CHECK(error == simdjson::SUCCESS);
  }

  void fit(std::size_t size) {
    const std::size_t capacity = stage1->capacity();
    if (size <= capacity && (capacity <= kKeptCapacity || size > kKeptCapacity)) return;
    const auto error = stage1->set_capacity(std::max(kSmallestCapacity, std::bit_ceil(size)));
    SLUICE_CHECK(error ==
                 simdjson::SUCCESS);  // Bodies are far below the library's 4 GB; memory failure may end the process.
  }
};

JsonParser::JsonParser() : impl_(std::make_unique<Impl>()) {}
JsonParser::~JsonParser() = default;

Errc JsonDocument::open(std::string_view text) {
  text_ = text.data();
  tokens_ = nullptr;
  count_ = next_ = 0;
  depth_ = 0;
  broken_ = Errc::ok;
  broken_at_ = 0;
  bad_key_ = {};
  if (text.empty()) return broken_ = Errc::malformed_json;
  JsonParser::Impl& impl = parser_.impl();
  impl.fit(text.size());
  const auto error = impl.stage1->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                         simdjson::stage1_mode::regular);
  // Codes differ between kernels; only the one that names the reason exactly is passed on.
  if (error != simdjson::SUCCESS)
    return broken_ = error == simdjson::UTF8_ERROR ? Errc::invalid_utf8 : Errc::malformed_json;
  count_ = impl.stage1->n_structural_indexes;
  impl.stage1->structural_indexes[count_] = static_cast<std::uint32_t>(text.size());
  tokens_ = impl.stage1->structural_indexes.get();
  (void)find_escape(0);
  if (head(0) != '{' && head(0) != '[') return break_at(0);
  return Errc::ok;
}

Errc JsonDocument::break_at(std::uint32_t token, Errc code) noexcept {
  if (broken_ == Errc::ok) {
    broken_ = code;
    broken_at_ = tokens_[std::min(token, count_)];
  }
  return broken_;
}

Errc JsonDocument::unescape(std::uint32_t token, std::string_view raw, std::string_view& out) {
  char* const begin = arena_.allocate(std::max(raw.size(), sizeof(std::uint64_t)));  // key_at() reads a word of a key.
  const Unescaped result = unescape_into(begin, raw);
  if (result.end == nullptr) return break_at(token);
  out = {begin, static_cast<std::size_t>(result.end - begin)};
  return result.lone_surrogate ? Errc::invalid_utf8 : Errc::ok;
}

std::uint32_t JsonDocument::find_escape(std::uint32_t from) noexcept {
  const std::uint32_t size = tokens_[count_];
  const auto* const found = static_cast<const char*>(std::memchr(text_ + from, '\\', size - from));
  return next_escape_ = found == nullptr ? size : static_cast<std::uint32_t>(found - text_);
}

Errc JsonDocument::refuse_key(std::string_view key, Errc code) noexcept {
  if (key.size() > limits::kKeyBytes) {  // Shown to people, so cut between characters.
    std::size_t size = limits::kKeyBytes;
    while (size > 0 && (static_cast<unsigned char>(key[size]) & 0xC0) == 0x80) --size;
    key = key.substr(0, size);
  }
  bad_key_ = key;
  return code;
}

Errc JsonDocument::number_at(std::uint32_t token, std::string_view& out) {
  if (token >= count_) return break_at(token);
  out = {text_ + tokens_[token], scalar_end(token) - tokens_[token]};
  if (!is_number(out)) return break_at(token);
  next_ = token + 1;
  return Errc::ok;
}

Errc JsonDocument::literal_at(std::uint32_t token, std::string_view word) {
  if (std::string_view(text_ + tokens_[token], scalar_end(token) - tokens_[token]) != word) return break_at(token);
  next_ = token + 1;
  return Errc::ok;
}

Errc JsonDocument::skip_scalar(std::uint32_t token) {
  std::string_view ignored;
  switch (head(token)) {
    case '"': {
      const Errc code = string_at(token, ignored);
      if (!broken()) next_ = token + 1;
      return code;
    }
    case 't':
      return literal_at(token, "true");
    case 'f':
      return literal_at(token, "false");
    case 'n':
      return literal_at(token, "null");
    default:
      return number_at(token, ignored);
  }
}

/// Below the depth limit only the grammar is checked, without recursion: a bit per open container says whether it is an
/// object. The value is bad whatever it holds, but its neighbours are not.
Errc JsonDocument::skip_too_deep(std::uint32_t token) {
  std::vector<bool> is_object;
  bool expects_value = true;
  for (;;) {
    const char c = head(token);
    if (expects_value && (c == '{' || c == '[')) {
      if (is_object.size() == kSkippedDepth) return break_at(token, Errc::too_deep);
      is_object.push_back(c == '{');
      ++token;
      if (head(token) == (c == '{' ? '}' : ']')) {
        expects_value = false;
      } else if (c == '{') {
        if (head(token) != '"' || head(token + 1) != ':') return break_at(token);
        (void)skip_scalar(token);  // The key: too_deep is the answer whatever else is wrong with it.
        if (broken()) return broken_;
        token += 2;
      }
      continue;
    }
    if (expects_value) {
      (void)skip_scalar(token);
      if (broken()) return broken_;
      ++token;
      expects_value = false;
      continue;
    }
    if (c == ',') {
      ++token;
      expects_value = true;
      if (!is_object.back()) continue;
      if (head(token) != '"' || head(token + 1) != ':') return break_at(token);
      (void)skip_scalar(token);
      if (broken()) return broken_;
      token += 2;
      continue;
    }
    if (c != (is_object.back() ? '}' : ']')) return break_at(token);
    ++token;
    is_object.pop_back();
    if (is_object.empty()) {
      next_ = token;
      return Errc::too_deep;
    }
  }
}

Errc JsonValue::skip_other_kind() {
  const Errc other = kind() == JsonKind::null ? Errc::field_null : Errc::wrong_type;
  const Errc code = skip();
  return code == Errc::ok ? other : code;
}

Errc JsonValue::skip() {
  switch (kind()) {
    case JsonKind::object:
      return object([](std::string_view, JsonValue& value) { return value.skip(); });
    case JsonKind::array:
      return array([](std::size_t, JsonValue& value) { return value.skip(); });
    default:
      return document_->skip_scalar(at_);
  }
}

Errc JsonValue::raw(std::string_view& out) {
  JsonDocument& document = *document_;
  const bool container = kind() == JsonKind::object || kind() == JsonKind::array;
  const Errc code = skip();
  if (document.broken()) return code;
  const std::uint32_t begin = document.tokens_[at_];
  const std::uint32_t end = container ? document.tokens_[document.next_ - 1] + 1 : document.scalar_end(at_);
  out = {document.text_ + begin, end - begin};
  return code;
}

Errc JsonValue::number(std::string_view& token) {
  if (kind() != JsonKind::number) return skip_other_kind();
  return document_->number_at(at_, token);
}

Errc JsonValue::boolean(bool& out) {
  const char c = document_->head(at_);
  if (c != 't' && c != 'f') return skip_other_kind();
  out = c == 't';
  return document_->literal_at(at_, out ? "true" : "false");
}

Result<void> validate_json(JsonParser& parser, std::string_view text) {
  Arena arena;
  JsonDocument document(parser, arena);
  const Errc code = document.parse(text, [](JsonValue& value) { return value.skip(); });
  if (code != Errc::ok) return code;
  return {};
}

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

std::string json_kernel() { return simdjson::get_active_implementation()->name(); }

}  // namespace sluice
