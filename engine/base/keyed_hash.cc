#include "engine/base/keyed_hash.h"

#include <bit>
#include <cstring>

namespace sluice {

namespace {

std::uint64_t load_le(const void* from, std::size_t size) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return word;
}

/// SipHash-c-d with c = 1, d = 3 (Aumasson and Bernstein; the variant Rust and Ruby use for hash tables).
struct SipState {
  std::uint64_t v0, v1, v2, v3;

  SipState(std::uint64_t k0, std::uint64_t k1) noexcept
      : v0(k0 ^ 0x736f6d6570736575),
        v1(k1 ^ 0x646f72616e646f6d),
        v2(k0 ^ 0x6c7967656e657261),
        v3(k1 ^ 0x7465646279746573) {}

  void round() noexcept {
    v0 += v1; v1 = std::rotl(v1, 13); v1 ^= v0; v0 = std::rotl(v0, 32);
    v2 += v3; v3 = std::rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = std::rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = std::rotl(v1, 17); v1 ^= v2; v2 = std::rotl(v2, 32);
  }
  void word(std::uint64_t m) noexcept {
    v3 ^= m;
    round();
    v0 ^= m;
  }
  std::uint64_t finish() noexcept {
    v2 ^= 0xff;
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

/// Feeds the message `prefix ‖ bytes`, SipHash's length byte last, to each state: one pass over the bytes for both
/// halves of a 128-bit hash, whose rounds then overlap in the pipeline.
template <class... State>
void absorb(std::uint64_t prefix, std::string_view bytes, State&... states) noexcept {
  (states.word(prefix), ...);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_le(at, 8);
    (states.word(word), ...);
  }
  const std::uint64_t tail = left == 0 ? 0 : load_le(at, left);
  const std::uint64_t last = tail | (static_cast<std::uint64_t>(bytes.size() + sizeof prefix) << 56);
  (states.word(last), ...);
}

}  // namespace

KeyedHash::KeyedHash(const Key& key) noexcept : k0_(load_le(key.data(), 8)), k1_(load_le(key.data() + 8, 8)) {}

std::uint64_t KeyedHash::hash(std::uint64_t prefix, std::string_view bytes) const noexcept {
  SipState state(k0_, k1_);
  absorb(prefix, bytes, state);
  return state.finish();
}

Hash128 KeyedHash::hash128(std::uint64_t prefix, std::string_view bytes) const noexcept {
  // Keys derived by distinct constants (digits of pi), so that neither half equals hash() or the other half.
  SipState high(k0_ ^ 0x243f6a8885a308d3, k1_ ^ 0x13198a2e03707344);
  SipState low(k0_ ^ 0xa4093822299f31d0, k1_ ^ 0x082efa98ec4e6c89);
  absorb(prefix, bytes, high, low);
  return {high.finish(), low.finish()};
}

}  // namespace sluice
