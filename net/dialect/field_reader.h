#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "net/dialect/json_cursor.h"

/// Reads the fields of flat JSON bodies for dialects whose errors are sentences, and collects one sentence for each bad
/// field, so that a client learns everything that was wrong at once. For .cc files.

namespace sluice {

class FieldReader {
 public:
  /// `where` stands in front of every field's name ("batch[3].body."); it must live as long as the reader.
  explicit FieldReader(const JsonDocument& document, std::string_view where = {})
      : document_(document), where_(where) {}

  // Each consumes the value. A bad value is noted and gives ok; only a broken document gives an error.

  /// A string that is neither null nor empty.
  [[nodiscard]] Errc required_text(JsonValue value, std::string_view field, std::size_t bytes_max,
                                   std::string_view& out);
  /// A string, possibly empty, or null: `out` stays empty and `given` false.
  [[nodiscard]] Errc optional_text(JsonValue value, std::string_view field, std::size_t bytes_max,
                                   std::string_view& out, bool& given);
  /// A finite number that a double holds exactly as printed. Null is allowed where `null_allowed`, and leaves `out`
  /// alone.
  [[nodiscard]] Errc number(JsonValue value, std::string_view field, bool null_allowed, ValueInput& out);

  /// A value that nobody reads: nothing in it is a problem unless it breaks the document.
  [[nodiscard]] Errc ignored(JsonValue value);

  /// Notes "{where}{field} {text}".
  void bad(std::string_view field, std::string_view text);
  /// Notes a whole sentence.
  void bad_sentence(std::string_view sentence);
  /// Notes a code that an object or array gave, in words. Returns it only when the document is broken.
  [[nodiscard]] Errc structure(std::string_view what, Errc code);

  [[nodiscard]] bool ok() const noexcept { return problems_.empty(); }
  [[nodiscard]] const std::string& problems() const noexcept { return problems_; }

 private:
  [[nodiscard]] Errc note(std::string_view field, Errc code, std::string_view expected);

  const JsonDocument& document_;
  std::string_view where_;
  std::string problems_;
};

/// What was wrong with a JSON value's structure, as the rest of a sentence: "is nested too deeply.".
[[nodiscard]] std::string_view structure_text(Errc code) noexcept;
/// "The body is not valid JSON at byte 12.": for a document that is broken.
[[nodiscard]] std::string broken_text(const JsonDocument& document, Errc code);

}  // namespace sluice
