#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/bytes.h"

/// The constants and the smallest codecs of a block, shared by its writer and its reader only. store/README.md,
/// "Blocks", is the specification; change both together, and the version with them.

namespace sluice::block_format {

inline constexpr char kMagic = 'B';
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 32;
inline constexpr std::size_t kChecksumBytes = 8;
inline constexpr std::size_t kVersionAt = 1;
inline constexpr std::size_t kFlagsAt = 2;
inline constexpr std::size_t kRowsAt = 4;
inline constexpr std::size_t kProfilesAt = 6;
inline constexpr std::size_t kSequenceAt = 8;
inline constexpr std::size_t kInsertedAt = 16;
inline constexpr std::size_t kEventBaseAt = 24;
inline constexpr std::uint8_t kWideOffsets = 1;  // Flag: the offset tables hold 4-byte offsets, not 2-byte ones.

/// What a profile's shape says about its rows.
namespace shape {
inline constexpr int kKindAt = 0;      // 2 bits: EventKind.
inline constexpr int kIdentityAt = 2;  // 2 bits: IdentityKind.
inline constexpr int kValueAt = 4;     // 3 bits: Value::Kind.
inline constexpr std::uint32_t kNotes = 1u << 7;
inline constexpr std::uint32_t kParent = 1u << 8;
inline constexpr std::uint32_t kVerdict = 1u << 9;
inline constexpr std::uint32_t kClientId = 1u << 10;
inline constexpr std::uint32_t kQueueItem = 1u << 11;
inline constexpr std::uint32_t kMetadata = 1u << 12;
inline constexpr std::uint32_t kEventTime = 1u << 13;
inline constexpr std::uint32_t kIdempotency = 1u << 14;
inline constexpr std::uint32_t kParentInIdentity = 1u << 15;
inline constexpr int kPatchFieldsAt = 16;  // 4 bits.
inline constexpr int kTargetAt = 20;       // 2 bits: IdentityKind of a patch's or erase's target.
inline constexpr int kDialectAt = 22;      // 8 bits.
inline constexpr int kBits = 30;
}  // namespace shape

/// Lowest bits of a number's varint: exponents 0 to -5 stand there themselves.
inline constexpr std::uint64_t kExponentFollows = 6;
inline constexpr std::uint64_t kMantissaFollows = 7;
/// Lowest two bits of an event time's varint.
inline constexpr std::int64_t kTimeUnits[3] = {1, 1'000, 1'000'000};
inline constexpr std::uint64_t kTimeFollows = 3;

[[nodiscard]] inline constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] inline constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// Requires 10 bytes of room. Returns where it ended.
inline char* write_varint(char* at, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

template <class T>
inline void store(char* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}
template <class T>
[[nodiscard]] inline T load(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// Bounded reader, inlined because every row read goes through it. After a bad read it stays failed and returns zeros.
class Cursor {
 public:
  Cursor(const char* at, const char* end) noexcept : at_(at), end_(end) {}
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] const char* at() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  void fail() noexcept {
    failed_ = true;
    at_ = end_;
  }
  [[nodiscard]] std::uint8_t byte() noexcept {
    if (at_ == end_) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(*at_++);
  }
  [[nodiscard]] std::uint64_t varint() noexcept {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto piece = static_cast<std::uint8_t>(*at_++);
      if (shift == 63 && piece > 1) break;  // More than 64 bits.
      value |= static_cast<std::uint64_t>(piece & 0x7F) << shift;
      if (piece < 0x80) return value;
    }
    fail();
    return 0;
  }
  [[nodiscard]] std::uint32_t varint32() noexcept {
    const std::uint64_t value = varint();
    if (value > 0xFFFF'FFFF) fail();
    return failed_ ? 0 : static_cast<std::uint32_t>(value);
  }
  [[nodiscard]] std::string_view bytes(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view text(at_, size);
    at_ += size;
    return text;
  }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace sluice::block_format
