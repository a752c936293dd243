#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/model/value.h"
#include "net/dialect/json_reader.h"

/// The inline layer over simdjson On-Demand for decoders: a forward-only walk, each value consumed exactly once.
/// Included by dialects' .cc files only. Every function returns Errc::ok or the reason:
///  - malformed_json, invalid_utf8: the document is broken; nothing further of it may be read (`broken()` stays true);
///  - everything else (wrong_type, string_too_long, too_deep, duplicate_key, …): this value is bad but was consumed, and the
///    walk may go on, so that one bad item never costs its neighbours.
/// Texts are views into the body when they hold no escape, else unescaped into the arena.

namespace sluice {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

class JsonDocument;

class JsonValue {
 public:
  [[nodiscard]] JsonKind kind() const noexcept;

  /// A string of at most `bytes_max` bytes. NUL is allowed here; identifiers check for themselves.
  [[nodiscard]] Errc text(std::string_view& out, std::size_t bytes_max);
  /// The number's token, unparsed (grammar checked by parse_decimal).
  [[nodiscard]] Errc number(std::string_view& token);
  [[nodiscard]] Errc boolean(bool& out);
  /// Consumes and fully validates any value.
  [[nodiscard]] Errc skip();
  /// As skip(), and returns the value's raw text (validated, as sent, no surrounding space).
  [[nodiscard]] Errc raw(std::string_view& out);

  /// Calls `member(key, value) -> Errc` for each member; the callback must consume the value. Escaped keys are unescaped
  /// first. A callback's error does not stop the walk: the first one is returned at the end. A duplicate key, a key over
  /// limits::kKeyBytes or more than limits::kJsonMembers members are errors of this object.
  template <class Member>
  [[nodiscard]] Errc object(Member&& member);
  /// Calls `element(index, value) -> Errc` likewise.
  template <class Element>
  [[nodiscard]] Errc array(Element&& element);

 private:
  friend class JsonDocument;
  JsonDocument* document_ = nullptr;
  simdjson::ondemand::value value_;
};

class JsonDocument {
 public:
  JsonDocument(JsonParser& parser, Arena& arena) : parser_(parser), arena_(arena) {}
  /// `text` must have limits::kPadding readable bytes behind it; it is not modified. A BOM, a root that is neither object
  /// nor array, and invalid UTF-8 are errors. Calls `root(value) -> Errc`, then checks that nothing follows.
  template <class Root>
  [[nodiscard]] Errc parse(std::string_view text, Root&& root);
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] Arena& arena() noexcept { return arena_; }

 private:
  friend class JsonValue;
  JsonParser& parser_;
  Arena& arena_;
  bool broken_ = false;
  int depth_ = 0;
};

/// A score's value, whatever its shape: bare scalar, list of strings, or one of the canonical one-key objects. An object's
/// `label` member beside the payload goes to `verdict` (when not null). Other shapes give Kind::invalid, never an error.
[[nodiscard]] Errc read_value_input(JsonValue value, Arena& arena, ValueInput& out, std::string_view& verdict);

}  // namespace sluice
