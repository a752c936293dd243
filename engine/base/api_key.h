#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Makes API keys and the keyed hash that is all Sluice stores of them: HMAC-SHA-256(pepper, secret). A fast hash
/// is right for 256-bit random secrets. Immutable after construction; safe from any thread.

namespace sluice {

struct MintedKey {
  std::string id;      ///< "sl" + 10 base62 characters.
  std::string secret;  ///< 43 base62 characters of 256 random bits + 6 of their CRC-32: leaks can be recognised.
};

class KeyMaker {
 public:
  using Digest = std::array<std::uint8_t, 32>;
  explicit KeyMaker(const std::array<std::uint8_t, 32>& pepper) : pepper_(pepper) {}

  [[nodiscard]] MintedKey mint() const;
  [[nodiscard]] Digest digest(std::string_view secret) const;
  /// Constant time.
  [[nodiscard]] static bool equal(const Digest& a, const Digest& b) noexcept;

 private:
  std::array<std::uint8_t, 32> pepper_;
};

}  // namespace sluice
