#include "tests/dialects/case_text.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <regex>

#include "engine/base/time.h"

namespace sluice::cases {
namespace {

constexpr WallTime kHour = 3'600'000'000'000;

bool take_header(const std::string& line, RequestText& out) {
  for (const auto& [name, target] : {std::pair{"Content-Type: ", &out.content_type},
                                     {"Idempotency-Key: ", &out.idempotency_key},
                                     {"As: ", &out.as}}) {
    if (!line.starts_with(name)) continue;
    *target = line.substr(std::strlen(name));
    return true;
  }
  return false;
}

}  // namespace

RequestText read_request(const std::vector<std::string>& lines) {
  RequestText out;
  out.line = lines.front();
  const std::size_t space = out.line.find(' ');
  const std::size_t mark = out.line.find('?');
  out.method = out.line.substr(0, space);
  out.path = out.line.substr(space + 1, mark == std::string::npos ? mark : mark - space - 1);
  if (mark != std::string::npos) out.query = out.line.substr(mark + 1);
  std::size_t i = 1;
  while (i < lines.size() && take_header(lines[i], out)) ++i;
  for (std::size_t begin = i; i < lines.size(); ++i) (out.body += i == begin ? "" : "\n") += lines[i];
  if (out.content_type.empty() && !out.body.empty()) out.content_type = "application/json";
  return out;
}

void expand(std::string& text) {
  static const std::regex repeat(R"(\{(.)\*(\d+)\})");
  static const std::regex byte(R"(\{([0-9A-F]{2})\})");
  std::smatch found;
  while (std::regex_search(text, found, repeat))
    text = found.prefix().str() + std::string(std::stoul(found[2]), found[1].str()[0]) + found.suffix().str();
  while (std::regex_search(text, found, byte))
    text = found.prefix().str() + static_cast<char>(std::stoi(found[1].str(), nullptr, 16)) + found.suffix().str();
}

std::string masked(const std::string& text, const std::vector<std::pair<std::string, std::string>>& aliases,
                   std::string& last_id) {
  std::string named = text;
  for (const auto& [alias, actual] : aliases) replace_all(named, actual, alias);
  static const std::regex varying(
      R"((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z)|([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})|)"
      R"(("secret":"[^"]*","key":"[^"]*")|(\bsl[0-9A-Za-z]{10}\b))");
  std::string out;
  std::size_t at = 0;
  for (std::sregex_iterator each(named.begin(), named.end(), varying), end; each != end; ++each) {
    const std::smatch& found = *each;
    out += named.substr(at, static_cast<std::size_t>(found.position()) - at);
    at = static_cast<std::size_t>(found.position() + found.length());
    const std::string what = found.str();
    const auto time = parse_rfc3339(what);
    const bool known =
        what == kAnnotator || what == kOtherAnnotator ||
        std::any_of(aliases.begin(), aliases.end(), [&](const auto& pair) { return pair.first == what; });
    if (found[1].matched) {
      out += time && std::abs(*time - wall_now()) < kHour ? "{now}" : what;
    } else if (found[2].matched) {
      const bool readable = what.substr(0, 8) == std::string(8, what[0]) || what.starts_with("0f8fad5b");
      if (!known && !readable) last_id = what;
      out += known || readable ? what : "{id}";
    } else {
      out += found[3].matched ? R"("secret":"{secret}","key":"{key}")" : "{key}";
    }
  }
  return out + named.substr(at);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace sluice::cases
