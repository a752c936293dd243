#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Byte encodings shared by rows, keys and catalogue entries. Text and bytes are both std::string_view / std::string
/// here: RocksDB slices, JSON text and our codecs meet without a cast.
/// Writers append to a std::string the caller owns and reuses. A Reader never reads past its end: after a bad read it
/// is `failed()` and every later read returns zero or empty.

namespace sluice {

/// LEB128. Inline, because every field of every row passes here.
inline void put_varint(std::string& out, std::uint64_t value) {
  if (value < 0x80) {
    out.push_back(static_cast<char>(value));
    return;
  }
  char buffer[10];
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) buffer[size++] = static_cast<char>(value | 0x80);
  buffer[size++] = static_cast<char>(value);
  out.append(buffer, size);
}
/// Varint with the sign in the lowest bit, so that small negative numbers stay short.
inline void put_zigzag(std::string& out, std::int64_t value) {
  put_varint(out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}
inline void put_u32_be(std::string& out, std::uint32_t value) {
  value = __builtin_bswap32(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void put_u64_be(std::string& out, std::uint64_t value) {
  value = __builtin_bswap64(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void put_u64_le(std::string& out, std::uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
/// Varint length, then the bytes.
inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

[[nodiscard]] inline std::uint64_t load_u64_be(const char* p) noexcept {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap64(v);
}
[[nodiscard]] inline std::uint32_t load_u32_be(const char* p) noexcept {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap32(v);
}
[[nodiscard]] inline std::uint64_t load_u64_le(const char* p) noexcept {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
static_assert(std::endian::native == std::endian::little, "the on-disk loads above assume it");

class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  std::uint64_t varint() noexcept {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    return long_varint();
  }
  std::int64_t zigzag() noexcept {
    const std::uint64_t raw = varint();
    return static_cast<std::int64_t>((raw >> 1) ^ (0 - (raw & 1)));
  }
  std::uint8_t byte() noexcept {
    if (at_ == end_) return fail();
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint32_t u32_be() noexcept {
    const std::string_view raw = bytes(sizeof(std::uint32_t));
    return raw.empty() ? 0 : load_u32_be(raw.data());
  }
  std::uint64_t u64_be() noexcept {
    const std::string_view raw = bytes(sizeof(std::uint64_t));
    return raw.empty() ? 0 : load_u64_be(raw.data());
  }
  std::uint64_t u64_le() noexcept {
    const std::string_view raw = bytes(sizeof(std::uint64_t));
    return raw.empty() ? 0 : load_u64_le(raw.data());
  }
  std::string_view bytes(std::size_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view taken(at_, size);
    at_ += size;
    return taken;
  }
  std::string_view text() noexcept { return bytes(varint()); }

 private:
  // Moves to the end, so that every later read but an empty one fails by itself.
  std::uint8_t fail() noexcept {
    failed_ = true;
    at_ = end_;
    return 0;
  }
  std::uint64_t long_varint() noexcept {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return fail();
      const auto next = static_cast<std::uint8_t>(*at_++);
      if (shift == 63 && next > 1) return fail();  // More than 64 bits.
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if (next < 0x80) return value;
    }
    return fail();
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace sluice
