#include "engine/read/cursor.h"

#include <array>

#include "engine/base/bytes.h"

namespace sluice {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPositionBytes = 1 + 8 + 2;
constexpr std::size_t kBytes = kPositionBytes + 8;
constexpr std::uint64_t kCursorDomain = std::uint64_t{9} << 56;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
  return out;
}

/// Empty for anything to_base64url does not write.
std::string from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  return to_base64url(out) == text ? out : std::string{};
}

void put_time(std::string& out, const std::optional<WallTime>& time) {
  out += time ? '\1' : '\0';
  if (time) put_u64_le(out, static_cast<std::uint64_t>(*time));
}

void put_source(std::string& out, const SourceRef& source) {
  put_varint(out, static_cast<std::uint64_t>(canonical(source.spelling)));
  put_text(out, source.spelling == SourceSpelling::other ? source.type_text : std::string_view{});
  put_text(out, source.id);
}

/// Everything that decides which scores follow which.
std::uint64_t tag_of(const KeyedHash& keys, const ScoreQuery& query, std::string_view position) {
  std::string text(position);
  put_varint(text, static_cast<std::uint64_t>(query.by));
  put_source(text, query.source);
  put_source(text, query.parent);
  put_varint(text, query.annotator);
  put_varint(text, query.newest_first ? 1 : 0);
  put_varint(text, query.include_children ? 1 : 0);
  put_varint(text, query.filter.labels.size());
  for (const LabelNumber label : query.filter.labels) put_varint(text, label);
  put_varint(text, query.filter.annotators.size());
  for (const AnnotatorNumber annotator : query.filter.annotators) put_varint(text, annotator);
  put_time(text, query.filter.inserted_from);
  put_time(text, query.filter.inserted_to);
  put_time(text, query.filter.event_from);
  put_time(text, query.filter.event_to);
  put_varint(text, query.filter.dialect ? static_cast<std::uint64_t>(*query.filter.dialect) + 1 : 0);
  put_text(text, query.filter.client_id);
  return keys.hash(kCursorDomain | query.workspace, text);
}

}  // namespace

std::string encode_cursor(const KeyedHash& keys, const ScoreQuery& query, Position at) {
  std::string bytes(1, static_cast<char>(kVersion));
  put_u64_be(bytes, at.block);
  bytes += static_cast<char>(at.slot >> 8);
  bytes += static_cast<char>(at.slot & 0xFF);
  put_u64_be(bytes, tag_of(keys, query, bytes));
  return to_base64url(bytes);
}

Result<Position> decode_cursor(const KeyedHash& keys, const ScoreQuery& query) {
  if (query.cursor.empty()) return Position{};
  if (query.cursor.size() > 2 * kBytes) return Errc::bad_cursor;
  const std::string bytes = from_base64url(query.cursor);
  if (bytes.size() != kBytes || static_cast<std::uint8_t>(bytes[0]) != kVersion) return Errc::bad_cursor;
  const std::string_view position = std::string_view(bytes).substr(0, kPositionBytes);
  if (load_u64_be(bytes.data() + kPositionBytes) != tag_of(keys, query, position)) return Errc::bad_cursor;
  Reader in(position.substr(1));
  Position at;
  at.block = in.u64_be();
  at.slot = static_cast<std::uint16_t>(in.byte() << 8);
  at.slot = static_cast<std::uint16_t>(at.slot | in.byte());
  return at;
}

}  // namespace sluice
