#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"
#include "engine/model/value.h"
#include "net/dialect/json_reader.h"

/// The inline layer for decoders: a forward-only walk, each value consumed exactly once (one that a callback leaves is
/// consumed for it). Every function returns Errc::ok or the reason. While `JsonDocument::broken()` is false a bad value
/// was consumed and the walk goes on, so that one bad item never costs its neighbours; once it is true, nothing that
/// was read may be used. Texts are views into the body when they hold no escape, else unescaped into the arena.
///
/// simdjson finds the tokens (its stage 1: structural characters, quotes, UTF-8, control characters); the grammar is
/// walked here, token by token. Its own On-Demand walk skips what is not asked for, and 3.0.1 has known holes there.

namespace sluice {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

class JsonDocument;

class JsonValue {
 public:
  /// By the first character. What is no JSON value at all says `number`: reading it then breaks the document.
  [[nodiscard]] JsonKind kind() const noexcept;
  /// Byte of the text where it begins.
  [[nodiscard]] std::size_t offset() const noexcept;

  /// A string of at most `bytes_max` bytes. NUL is allowed here; identifiers check for themselves.
  /// Errors: wrong_type, field_null (for null), string_too_long, invalid_utf8 (a lone surrogate escape).
  [[nodiscard]] Errc text(std::string_view& out, std::size_t bytes_max);
  /// The number's token; its grammar is checked. Errors: wrong_type, field_null.
  [[nodiscard]] Errc number(std::string_view& token);
  /// Errors: wrong_type, field_null.
  [[nodiscard]] Errc boolean(bool& out);
  /// Consumes and fully validates any value. Errors: what its members and texts are guilty of; too_deep.
  [[nodiscard]] Errc skip();
  /// As skip(), and returns the value's raw text (validated, as sent, no surrounding space).
  [[nodiscard]] Errc raw(std::string_view& out);

  /// Calls `member(key, value) -> Errc` for each member. Escaped keys are unescaped first. A callback's error does not
  /// stop the walk: the first one is returned at the end. A duplicate key, a key over limits::kKeyBytes or more than
  /// limits::kJsonMembers members are errors of this object (see JsonDocument::bad_key()); such members are not passed
  /// on. Errors besides: wrong_type, field_null, too_deep.
  template <class Member>
  [[nodiscard]] Errc object(Member&& member);
  /// Calls `element(index, value) -> Errc` likewise.
  template <class Element>
  [[nodiscard]] Errc array(Element&& element);

 private:
  friend class JsonDocument;
  JsonValue(JsonDocument& document, std::uint32_t at) noexcept : document_(&document), at_(at) {}
  [[nodiscard]] Errc skip_other_kind();

  JsonDocument* document_;
  std::uint32_t at_;  // Its first token.
};

class JsonDocument {
 public:
  JsonDocument(JsonParser& parser, Arena& arena) : parser_(parser), arena_(arena) {}
  /// `text` must have limits::kPadding readable bytes behind it; it is not modified. A BOM, a root that is neither
  /// object nor array, and invalid UTF-8 are errors. Calls `root(value) -> Errc`, then checks that nothing follows
  /// (trailing_bytes). May be called again with another text; the results of the call before die then.
  template <class Root>
  [[nodiscard]] Errc parse(std::string_view text, Root&& root);
  /// The document is not JSON, not UTF-8 or has trailing bytes.
  [[nodiscard]] bool broken() const noexcept { return broken_ != Errc::ok; }
  /// Byte of the text where it broke (0 for invalid UTF-8 and unclosed strings, whose place is not known).
  [[nodiscard]] std::size_t broken_at() const noexcept { return broken_at_; }
  /// The key that the last duplicate_key, string_too_long or too_many_members of an object was about.
  [[nodiscard]] std::string_view bad_key() const noexcept { return bad_key_; }
  /// Byte of the text where the first token not consumed begins: a value's size, when asked right after it.
  [[nodiscard]] std::size_t position() const noexcept { return tokens_[next_]; }
  [[nodiscard]] Arena& arena() noexcept { return arena_; }

 private:
  friend class JsonValue;

  /// Keys of one open object: enough to find a duplicate with, as a rule, one test of a bit.
  struct Keys {
    std::uint64_t seen = 0;
    std::uint32_t count = 0;
    const char* data[limits::kJsonMembers];
    std::uint32_t size[limits::kJsonMembers];
  };

  [[nodiscard]] Errc open(std::string_view text);
  Errc break_at(std::uint32_t token, Errc code = Errc::malformed_json) noexcept;
  /// First character of a token; NUL past the last one.
  [[nodiscard]] char head(std::uint32_t token) const noexcept { return token < count_ ? text_[tokens_[token]] : '\0'; }
  /// End of a scalar token: where the next one begins, less the space between.
  [[nodiscard]] std::uint32_t scalar_end(std::uint32_t token) const noexcept {
    std::uint32_t end = tokens_[token + 1];
    while (static_cast<unsigned char>(text_[end - 1]) <= ' ' && end > tokens_[token] && is_space(text_[end - 1])) --end;
    return end;
  }
  static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  /// The string at `token` without its quotes, unescaped when needed. Breaks the document on a bad escape.
  [[nodiscard]] Errc string_at(std::uint32_t token, std::string_view& out);
  [[nodiscard]] Errc unescape(std::uint32_t token, std::string_view raw, std::string_view& out);
  /// Whether a backslash stands in [begin, end). The walk goes forward, so one search serves until the next backslash.
  [[nodiscard]] bool has_escape(std::uint32_t begin, std::uint32_t end) {
    if (next_escape_ >= end) return false;
    return next_escape_ >= begin || find_escape(begin) < end;
  }
  [[nodiscard]] std::uint32_t find_escape(std::uint32_t from) noexcept;
  /// The key at `token`, with its colon behind it.
  [[nodiscard]] Errc key_at(std::uint32_t token, Keys& keys, std::string_view& key);
  [[nodiscard]] Errc refuse_key(std::string_view key, Errc code) noexcept;
  [[nodiscard]] Errc number_at(std::uint32_t token, std::string_view& out);
  [[nodiscard]] Errc literal_at(std::uint32_t token, std::string_view word);
  [[nodiscard]] Errc skip_scalar(std::uint32_t token);
  [[nodiscard]] Errc skip_too_deep(std::uint32_t token);
  /// Consumes what a callback left; the first error wins.
  template <class Callback>
  void settle(std::uint32_t token, Errc& first, Callback&& callback);

  JsonParser& parser_;
  Arena& arena_;
  const char* text_ = "";
  const std::uint32_t* tokens_ = nullptr;  // Offsets of tokens; [count_] is the text's size.
  std::uint32_t count_ = 0;
  std::uint32_t next_ = 0;  // First token not consumed.
  int depth_ = 0;
  std::uint32_t next_escape_ = 0;  // A backslash with none between it and the last string looked at, or the size.
  Errc broken_ = Errc::ok;
  std::size_t broken_at_ = 0;
  std::string_view bad_key_;
};

/// A score's value, whatever its shape: bare scalar, list of strings, or one of the canonical one-key objects
/// ({"value"|"rating"|"selected"|"text": …}), or {"error": "…"} for an evaluator's failure. An object's `label` text
/// beside the payload goes to `verdict`. Other shapes give Kind::invalid, not an error. Errors: string_too_long,
/// too_many_members (a selection over limits::kSelectedOptions), and what object() and array() return.
[[nodiscard]] Errc read_value_input(JsonValue value, Arena& arena, ValueInput& out, std::string_view& verdict);

// Inline parts.

inline JsonKind JsonValue::kind() const noexcept {
  switch (document_->head(at_)) {
    case '"':
      return JsonKind::string;
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

inline std::size_t JsonValue::offset() const noexcept { return document_->tokens_[at_]; }

inline Errc JsonDocument::string_at(std::uint32_t token, std::string_view& out) {
  const std::uint32_t begin = tokens_[token] + 1;
  const std::uint32_t end = scalar_end(token) - 1;
  // Stage 1 guarantees the closing quote (a token begins behind it); this is the proof that costs nothing.
  if (end < begin || text_[end] != '"') return break_at(token);
  out = {text_ + begin, end - begin};
  if (has_escape(begin, end)) return unescape(token, out, out);
  return Errc::ok;
}

inline Errc JsonValue::text(std::string_view& out, std::size_t bytes_max) {
  JsonDocument& document = *document_;
  if (document.head(at_) != '"') return skip_other_kind();
  const Errc code = document.string_at(at_, out);
  if (document.broken()) return code;
  document.next_ = at_ + 1;
  if (code != Errc::ok) return code;
  return out.size() <= bytes_max ? Errc::ok : Errc::string_too_long;
}

inline Errc JsonDocument::key_at(std::uint32_t token, Keys& keys, std::string_view& key) {
  if (head(token) != '"') return break_at(token);
  const Errc code = string_at(token, key);
  if (broken()) return code;
  if (head(token + 1) != ':') return break_at(token + 1);
  if (code != Errc::ok) return refuse_key(key, code);
  if (key.size() > limits::kKeyBytes) return refuse_key(key, Errc::string_too_long);
  // A fingerprint of 6 bits of size and first bytes: a set bit is only a hint, the bytes decide. Eight bytes can be
  // read behind any key: the closing quote, a colon and the text's padding follow.
  const std::size_t size = key.size();
  std::uint64_t word = 0;
  std::memcpy(&word, key.data(), sizeof word);
  if (size < sizeof word) word = size == 0 ? 0 : word << (8 * (sizeof word - size));
  const std::uint64_t bit = std::uint64_t{1} << ((word + size) * 0x9E3779B97F4A7C15u >> 58);
  if ((keys.seen & bit) != 0) {
    for (std::uint32_t i = 0; i < keys.count; ++i)
      if (key == std::string_view(keys.data[i], keys.size[i])) return refuse_key(key, Errc::duplicate_key);
  }
  if (keys.count == limits::kJsonMembers) return refuse_key(key, Errc::too_many_members);
  keys.seen |= bit;
  keys.data[keys.count] = key.data();
  keys.size[keys.count] = static_cast<std::uint32_t>(size);
  ++keys.count;
  return Errc::ok;
}

template <class Callback>
void JsonDocument::settle(std::uint32_t token, Errc& first, Callback&& callback) {
  next_ = token;
  JsonValue value(*this, token);
  Errc code = callback(value);
  if (next_ == token && !broken()) {
    const Errc skipped = value.skip();
    if (code == Errc::ok) code = skipped;
  }
  if (first == Errc::ok) first = code;
}

template <class Member>
Errc JsonValue::object(Member&& member) {
  JsonDocument& document = *document_;
  if (document.head(at_) != '{') return skip_other_kind();
  if (document.depth_ == limits::kJsonDepth) return document.skip_too_deep(at_);
  std::uint32_t token = at_ + 1;
  if (document.head(token) == '}') {
    document.next_ = token + 1;
    return Errc::ok;
  }
  ++document.depth_;
  JsonDocument::Keys keys;
  Errc first = Errc::ok;
  for (;;) {
    std::string_view key;
    const Errc key_code = document.key_at(token, keys, key);
    if (document.broken()) break;
    document.settle(token + 2, first,
                    [&](JsonValue& value) -> Errc { return key_code == Errc::ok ? member(key, value) : key_code; });
    if (document.broken()) break;
    token = document.next_;
    const char after = document.head(token);
    document.next_ = ++token;
    if (after == ',') continue;
    if (after != '}') document.break_at(token - 1);
    break;
  }
  --document.depth_;
  return document.broken() ? document.broken_ : first;
}

template <class Element>
Errc JsonValue::array(Element&& element) {
  JsonDocument& document = *document_;
  if (document.head(at_) != '[') return skip_other_kind();
  if (document.depth_ == limits::kJsonDepth) return document.skip_too_deep(at_);
  std::uint32_t token = at_ + 1;
  if (document.head(token) == ']') {
    document.next_ = token + 1;
    return Errc::ok;
  }
  ++document.depth_;
  Errc first = Errc::ok;
  for (std::size_t index = 0;; ++index) {
    document.settle(token, first, [&](JsonValue& value) -> Errc { return element(index, value); });
    if (document.broken()) break;
    token = document.next_;
    const char after = document.head(token);
    document.next_ = ++token;
    if (after == ',') continue;
    if (after != ']') document.break_at(token - 1);
    break;
  }
  --document.depth_;
  return document.broken() ? document.broken_ : first;
}

template <class Root>
Errc JsonDocument::parse(std::string_view text, Root&& root) {
  const Errc opened = open(text);
  if (opened != Errc::ok) return opened;
  Errc code = Errc::ok;
  settle(0, code, root);
  if (!broken() && next_ != count_) break_at(next_, Errc::trailing_bytes);
  return broken() ? broken_ : code;
}

}  // namespace sluice
