#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Byte encodings shared by rows, keys and catalogue entries. Text and bytes are both std::string_view / std::string here:
/// RocksDB slices, JSON text and our codecs meet without a cast.
/// Writers append to a std::string the caller owns and reuses. A Reader never reads past its end: after a bad read it is
/// `failed()` and every later read returns zero or empty.

namespace sluice {

void put_varint(std::string& out, std::uint64_t value);
void put_zigzag(std::string& out, std::int64_t value);
void put_u32_be(std::string& out, std::uint32_t value);
void put_u64_be(std::string& out, std::uint64_t value);
void put_u64_le(std::string& out, std::uint64_t value);
/// Varint length, then the bytes.
void put_text(std::string& out, std::string_view text);

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

  std::uint64_t varint() noexcept;
  std::int64_t zigzag() noexcept;
  std::uint8_t byte() noexcept;
  std::uint32_t u32_be() noexcept;
  std::uint64_t u64_be() noexcept;
  std::uint64_t u64_le() noexcept;
  std::string_view bytes(std::size_t size) noexcept;
  std::string_view text() noexcept { return bytes(varint()); }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace sluice
