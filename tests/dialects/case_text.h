#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// From a case's lines to what an exchange holds, and from what came out back to lines that are the same in every run.

namespace sluice::cases {

/// Two of the people whom every case finds. Their ids look random and are not, so masks leave them.
inline constexpr std::string_view kAnnotator = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
inline constexpr std::string_view kOtherAnnotator = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

/// The request's text cut into what an exchange holds; owns it.
struct RequestText {
  std::string line, body;
  std::string method, path, query, content_type, idempotency_key;
  std::string as;
};

[[nodiscard]] RequestText read_request(const std::vector<std::string>& lines);

void replace_all(std::string& text, std::string_view from, std::string_view to);

/// {x*100}: the character a hundred times, for texts too long to stand in a table; {00} and the like: that byte.
void expand(std::string& text);

/// `text` without what differs from run to run: times of this hour, random ids and secrets. `aliases` are names as the
/// case has them and as the catalogue has them; `last_id` becomes the last id that was masked.
[[nodiscard]] std::string masked(const std::string& text,
                                 const std::vector<std::pair<std::string, std::string>>& aliases, std::string& last_id);

}  // namespace sluice::cases
