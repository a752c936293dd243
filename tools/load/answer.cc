#include "tools/load/answer.h"

#include <charconv>

namespace sluice::load {
namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// Surrogate pairs become two three-byte sequences: the audit compares nothing outside the basic plane.
std::string unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 >= raw.size()) {
      out += raw[i];
      continue;
    }
    const char escape = raw[++i];
    switch (escape) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        std::uint32_t point = 0;
        if (i + 4 < raw.size()) std::from_chars(raw.data() + i + 1, raw.data() + i + 5, point, 16);
        append_utf8(out, point);
        i += 4;
        break;
      }
      default: out += escape;
    }
  }
  return out;
}

}  // namespace

std::optional<std::uint64_t> find_number(std::string_view json, std::string_view quoted_name) noexcept {
  std::size_t at = json.find(quoted_name);
  if (at == std::string_view::npos) return std::nullopt;
  at += quoted_name.size();
  while (at < json.size() && (json[at] == ':' || json[at] == ' ')) ++at;
  std::uint64_t number = 0;
  if (std::from_chars(json.data() + at, json.data() + json.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

void JsonWalk::space() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

char JsonWalk::peek() {
  space();
  return at_ == end_ ? '\0' : *at_;
}

bool JsonWalk::string(std::string_view& raw) {
  if (peek() != '"') return false;
  const char* start = ++at_;
  while (at_ != end_ && *at_ != '"') at_ += (*at_ == '\\' && at_ + 1 != end_) ? 2 : 1;
  if (at_ == end_) return false;
  raw = {start, static_cast<std::size_t>(at_ - start)};
  ++at_;
  return true;
}

bool JsonWalk::text(std::string& out) {
  std::string_view raw;
  if (!string(raw)) return false;
  out = raw.find('\\') == std::string_view::npos ? std::string(raw) : unescape(raw);
  return true;
}

bool JsonWalk::object(const std::function<bool(std::string_view key)>& member) {
  if (peek() != '{') return false;
  ++at_;
  if (peek() == '}') return ++at_, true;
  while (true) {
    std::string_view key;
    if (!string(key) || peek() != ':') return false;
    ++at_;
    if (!member(key)) return false;
    const char next = peek();
    if (next != ',' && next != '}') return false;
    ++at_;
    if (next == '}') return true;
  }
}

bool JsonWalk::array(const std::function<bool()>& element) {
  if (peek() != '[') return false;
  ++at_;
  if (peek() == ']') return ++at_, true;
  while (true) {
    if (!element()) return false;
    const char next = peek();
    if (next != ',' && next != ']') return false;
    ++at_;
    if (next == ']') return true;
  }
}

bool JsonWalk::value(std::string_view& raw) {
  const char first = peek();
  const char* start = at_;
  bool good = false;
  std::string_view inner;
  if (first == '{') {
    good = object([&](std::string_view) { return value(inner); });
  } else if (first == '[') {
    good = array([&] { return value(inner); });
  } else if (first == '"') {
    good = string(inner);
  } else {
    while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ' ' && *at_ != '\n') ++at_;
    good = at_ != start;
  }
  raw = {start, static_cast<std::size_t>(at_ - start)};
  return good;
}

std::string first_scalar(std::string_view raw) {
  JsonWalk walk(raw);
  std::string out;
  const char first = walk.peek();
  if (first == '"') {
    static_cast<void>(walk.text(out));
    return out;
  }
  bool done = false;
  std::string_view inner;
  const auto take = [&] {
    if (!walk.value(inner)) return false;
    if (!done) out = first_scalar(inner);
    done = true;
    return true;
  };
  if (first == '{') {
    static_cast<void>(walk.object([&](std::string_view) { return take(); }));
  } else if (first == '[') {
    static_cast<void>(walk.array(take));
  } else {
    out = raw;
  }
  return out;
}

bool read_scores(std::string_view json, std::vector<ReadScore>& out, std::string& next_cursor) {
  out.clear();
  next_cursor.clear();
  JsonWalk walk(json);
  std::string_view ignored;
  bool found = false;
  const auto one_score = [&] {
    ReadScore& score = out.emplace_back();
    return walk.object([&](std::string_view key) {
      if (key == "label_id") return walk.text(score.label_id) || walk.value(ignored);
      if (key == "label_name") return walk.text(score.label_name) || walk.value(ignored);
      if (key == "client_id") return walk.text(score.client_id) || walk.value(ignored);
      if (!walk.value(ignored)) return false;
      if (key == "value") score.value = first_scalar(ignored);
      return true;
    });
  };
  const bool good = walk.object([&](std::string_view key) {
    if (!found && walk.peek() == '[') {
      found = true;
      return walk.array(one_score);
    }
    if (key == "next_cursor") return walk.text(next_cursor) || walk.value(ignored);
    return walk.value(ignored);
  });
  return good && found;
}

}  // namespace sluice::load
