#include "tests/dialects/case_file.h"

#include <sstream>
#include <stdexcept>

namespace sluice::cases {
namespace {

bool starts_exchange(const std::string& line) {
  for (const char* method : {"GET /", "POST /", "PUT /", "PATCH /", "DELETE /"})
    if (line.starts_with(method)) return true;
  return false;
}

std::string after_mark(const std::string& line) { return line.size() < 2 ? std::string() : line.substr(2); }

void add_line(CaseText& to, const std::string& line, std::size_t number) {
  const auto bad = [&](const char* why) {
    throw std::runtime_error("line " + std::to_string(number) + " " + why + ": " + line);
  };
  const std::string rest = after_mark(line);
  switch (line[0]) {
    case '#':
      to.comment.push_back(line);
      return;
    case '!': {
      std::istringstream words(rest);
      for (std::string word; words >> word;) to.settings.push_back(word);
      return;
    }
    case '>':
      if (starts_exchange(rest) && (to.exchanges.empty() || to.exchanges.back().request.size() != 0))
        to.exchanges.emplace_back();
      if (to.exchanges.empty()) bad("is no request line");
      to.exchanges.back().request.push_back(rest);
      return;
    case '=':
    case '<':
      if (to.exchanges.empty()) bad("stands before its request");
      (line[0] == '=' ? to.exchanges.back().canonical : to.exchanges.back().reply).push_back(rest);
      return;
    default:
      bad("begins with none of # ! > = <");
  }
}

}  // namespace

std::string CaseText::name() const { return comment.empty() ? "(without a comment)" : comment.front(); }

std::vector<CaseText> parse_cases(const std::string& text) {
  std::vector<CaseText> cases;
  std::istringstream lines(text);
  bool open = false;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) {
      open = false;
      continue;
    }
    if (!open) cases.emplace_back();
    open = true;
    add_line(cases.back(), line, number);
  }
  return cases;
}

std::string render(const CaseText& each) {
  std::string out;
  const auto put = [&out](const char* mark, const std::string& line) {
    out += mark;
    if (!line.empty()) (out += ' ') += line;
    out += '\n';
  };
  for (const std::string& line : each.comment) (out += line) += '\n';
  if (!each.settings.empty()) {
    std::string words;
    for (const std::string& word : each.settings) (words += words.empty() ? "" : " ") += word;
    put("!", words);
  }
  for (const ExchangeText& exchange : each.exchanges) {
    for (const std::string& line : exchange.request) put(">", line);
    for (const std::string& line : exchange.canonical) put("=", line);
    for (const std::string& line : exchange.reply) put("<", line);
  }
  return out;
}

std::string render(const std::vector<CaseText>& all) {
  std::string out;
  for (const CaseText& each : all) {
    if (!out.empty()) out += '\n';
    out += render(each);
  }
  return out;
}

}  // namespace sluice::cases
