#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// SipHash under the data directory's secret key, so that nobody outside can choose ids that collide.
/// Immutable after construction; safe from any thread.

namespace sluice {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Hash128&) const = default;
};

class KeyedHash {
 public:
  using Key = std::array<std::uint8_t, 16>;
  explicit KeyedHash(const Key& key) noexcept;

  /// SipHash-1-3 of `prefix` (little endian) followed by `bytes`. The prefix separates domains: workspace, kind.
  [[nodiscard]] std::uint64_t hash(std::uint64_t prefix, std::string_view bytes) const noexcept;
  /// 128 bits (two independent 64-bit passes): where equality is decided by the hash alone.
  [[nodiscard]] Hash128 hash128(std::uint64_t prefix, std::string_view bytes) const noexcept;

 private:
  std::uint64_t k0_;
  std::uint64_t k1_;
};

}  // namespace sluice
