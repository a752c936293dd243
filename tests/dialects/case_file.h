#pragma once

#include <string>
#include <vector>

/// The text tables of tests/dialects: paragraphs separated by blank lines, one case each.
///
///   # What the case shows.
///   ! settings of the case: strict, envelope, admin, crowded, scopes=read
///   > METHOD /path?query
///   > Content-Type: …                 (headers, then the body's lines)
///   > {"scores":[…]}
///   = record 0 …                      (what the decoder and the engine made of it)
///   = reject 1 code field
///   < 207                             (the reply: status, headers that matter, body)
///   < {"stored":1,…}
///
/// Several requests in one paragraph go to the same server, one after the other. README.md says what is masked.

namespace sluice::cases {

struct ExchangeText {
  std::vector<std::string> request;    ///< Without "> ".
  std::vector<std::string> canonical;  ///< Without "= ".
  std::vector<std::string> reply;      ///< Without "< ".
};

struct CaseText {
  std::vector<std::string> comment;   ///< As they stand, "# …".
  std::vector<std::string> settings;  ///< Words.
  std::vector<ExchangeText> exchanges;
  [[nodiscard]] std::string name() const;
};

/// Throws std::runtime_error naming the line that is none of the above.
[[nodiscard]] std::vector<CaseText> parse_cases(const std::string& text);
[[nodiscard]] std::string render(const CaseText& each);
[[nodiscard]] std::string render(const std::vector<CaseText>& all);

}  // namespace sluice::cases
