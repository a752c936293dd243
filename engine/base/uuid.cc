#include "engine/base/uuid.h"

#include <bit>
#include <cstring>

#if defined(__SSSE3__)
#include <immintrin.h>
#endif

#include "engine/base/check.h"
#include "engine/base/random.h"

namespace sluice {

namespace {

constexpr std::size_t kTextSize = 36;
constexpr char kHex[] = "0123456789abcdef";
constexpr std::uint8_t kNotHex = 0xFF;

/// Value of each hex digit, either case; kNotHex for every other byte.
constexpr std::array<std::uint8_t, 256> kHexValue = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNotHex);
  for (std::uint8_t i = 0; i < 16; ++i) table[static_cast<std::uint8_t>(kHex[i])] = i;
  for (std::uint8_t i = 0; i < 6; ++i) table[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

/// Two digits for each byte.
constexpr std::array<char, 512> kHexPairs = [] {
  std::array<char, 512> table{};
  for (std::size_t i = 0; i < 256; ++i) {
    table[2 * i] = kHex[i >> 4];
    table[2 * i + 1] = kHex[i & 15];
  }
  return table;
}();

std::uint8_t hex_value(char c) noexcept { return kHexValue[static_cast<std::uint8_t>(c)]; }

bool hyphens_in_place(const char* text) noexcept {
  return text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

/// 32 hex digits of either case; hyphens only all together in their canonical places.
std::optional<Uuid> parse_digits(std::string_view text) noexcept {
  const bool hyphens = text.size() == kTextSize;
  if (hyphens ? !hyphens_in_place(text.data()) : text.size() != 32) return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)) ++at;
    const std::uint8_t high = hex_value(text[at++]);
    const std::uint8_t low = hex_value(text[at++]);
    bad |= (high | low) & 0xF0;
    uuid.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (bad != 0) return std::nullopt;
  return uuid;
}

bool same_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

#if defined(__SSSE3__)

/// Sixteen hex digits to sixteen nibbles; clears `valid` when one is no lower-case hex digit.
__m128i nibbles(__m128i digits, bool& valid) noexcept {
  const __m128i from_zero = _mm_sub_epi8(digits, _mm_set1_epi8('0'));
  const __m128i from_a = _mm_sub_epi8(digits, _mm_set1_epi8('a'));
  // x == min(x, limit) is the unsigned x <= limit that SSE lacks.
  const __m128i is_digit = _mm_cmpeq_epi8(from_zero, _mm_min_epu8(from_zero, _mm_set1_epi8(9)));
  const __m128i is_letter = _mm_cmpeq_epi8(from_a, _mm_min_epu8(from_a, _mm_set1_epi8(5)));
  valid = valid && _mm_movemask_epi8(_mm_or_si128(is_digit, is_letter)) == 0xFFFF;
  return _mm_or_si128(_mm_and_si128(is_digit, from_zero),
                      _mm_and_si128(is_letter, _mm_add_epi8(from_a, _mm_set1_epi8(10))));
}

__m128i load16(const char* from) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

short load_pair(const char* from) noexcept {
  short pair;
  std::memcpy(&pair, from, sizeof pair);
  return pair;
}

/// The digits lie at 0-7, 9-12, 14-17, 19-22, 24-35: each half is one load that skips its hyphens, and one
/// pair from beyond.
std::optional<Uuid> parse_canonical(const char* text) noexcept {
  const __m128i first = _mm_insert_epi16(
      _mm_shuffle_epi8(load16(text), _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, -1, -1)),
      load_pair(text + 16), 7);
  const __m128i second = _mm_insert_epi16(
      _mm_shuffle_epi8(load16(text + 20), _mm_setr_epi8(-1, -1, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
      load_pair(text + 19), 0);
  bool valid = hyphens_in_place(text);
  const __m128i high_low = _mm_set1_epi16(0x0110);  // high nibble × 16 + low nibble × 1
  const __m128i head = _mm_maddubs_epi16(nibbles(first, valid), high_low);
  const __m128i tail = _mm_maddubs_epi16(nibbles(second, valid), high_low);
  if (!valid) return std::nullopt;
  Uuid uuid;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(uuid.bytes.data()), _mm_packus_epi16(head, tail));
  return uuid;
}

#else

std::optional<Uuid> parse_canonical(const char* text) noexcept {
  const std::string_view view(text, kTextSize);
  for (const char c : view) {
    if (c >= 'A' && c <= 'F') return std::nullopt;
  }
  return parse_digits(view);
}

#endif

/// xoshiro256** (Blackman and Vigna). Ids need to be distinct, not secret.
class Generator {
 public:
  Generator() noexcept { fill_random(reinterpret_cast<std::uint8_t*>(state_.data()), sizeof state_); }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace

Uuid Uuid::from_bytes(std::string_view bytes) noexcept {
  Uuid uuid;
  SLUICE_CHECK(bytes.size() == uuid.bytes.size());
  std::memcpy(uuid.bytes.data(), bytes.data(), uuid.bytes.size());
  return uuid;
}

std::optional<Uuid> parse_canonical_uuid(std::string_view text) noexcept {
  if (text.size() != kTextSize) return std::nullopt;
  return parse_canonical(text.data());
}

std::optional<Uuid> parse_any_uuid(std::string_view text) noexcept {
  constexpr std::string_view kUrn = "urn:uuid:";
  if (same_ignoring_case(text.substr(0, kUrn.size()), kUrn)) return parse_digits(text.substr(kUrn.size()));
  if (text.size() > 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  return parse_digits(text);
}

void write_uuid(char* out, const Uuid& uuid) noexcept {
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    std::memcpy(out, kHexPairs.data() + 2 * std::size_t{uuid.bytes[i]}, 2);
    out += 2;
  }
}

void append_uuid(std::string& out, const Uuid& uuid) {
  char text[kTextSize];
  write_uuid(text, uuid);
  out.append(text, sizeof text);
}

std::string to_text(const Uuid& uuid) {
  std::string out;
  append_uuid(out, uuid);
  return out;
}

Uuid random_uuid() {
  thread_local Generator generator;
  const std::uint64_t words[] = {generator.next(), generator.next()};
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), words, sizeof words);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);  // Version 4
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);  // of the RFC 9562 variant.
  return uuid;
}

}  // namespace sluice
