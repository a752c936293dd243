#include "engine/base/seeded_hash.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sluice {
namespace {

[[nodiscard]] std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
  }();
  return seed;
}

}  // namespace

std::uint64_t seeded_hash(std::uint64_t domain, std::string_view bytes) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), process_seed() + domain);
}

}  // namespace sluice
