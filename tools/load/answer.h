#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading answers: quick looks for the hot path, a small JSON walk for the audit and the set-up. Trusts the server to
/// send valid JSON as far as memory safety does not depend on it: a malformed document ends the walk and reports false.

namespace sluice::load {

/// The unsigned number behind `"name":`, wherever it first stands; nullopt when it does not.
[[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view json, std::string_view quoted_name) noexcept;

/// Forward walk over one JSON document.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  /// Calls member(key) for each member with the walk standing on its value; it must consume the value. Keys are raw.
  [[nodiscard]] bool object(const std::function<bool(std::string_view key)>& member);
  [[nodiscard]] bool array(const std::function<bool()>& element);
  /// Consumes any value; `raw` is its text (strings with their quotes).
  [[nodiscard]] bool value(std::string_view& raw);
  /// A string's unescaped text; false when the value is something else (and consumes nothing then).
  [[nodiscard]] bool text(std::string& out);
  [[nodiscard]] char peek();

 private:
  void space();
  [[nodiscard]] bool string(std::string_view& raw);
  const char* at_;
  const char* end_;
};

/// One score as the native API shows it, as far as the audit compares it.
struct ReadScore {
  std::string label_id;
  std::string label_name;
  std::string client_id;
  std::string value;  ///< The first scalar inside the value, unquoted.
};
/// The scores of a page: the first array of objects at the document's top level. Also the next cursor, if one is given.
[[nodiscard]] bool read_scores(std::string_view json, std::vector<ReadScore>& out, std::string& next_cursor);

/// First scalar inside a raw JSON value, unquoted: {"selected":["a"]} → a.
[[nodiscard]] std::string first_scalar(std::string_view raw);

}  // namespace sluice::load
