#pragma once

#include <cstdint>
#include <string_view>

/// The hash of tables in memory whose texts clients choose: under a random seed of this process, so that nobody outside
/// can choose texts that share one. Nothing that is stored or sent may depend on it: that is KeyedHash. Any thread.

namespace sluice {

/// XXH3. `domain` tells tables apart, or is the hash of what comes before `bytes`.
[[nodiscard]] std::uint64_t seeded_hash(std::uint64_t domain, std::string_view bytes) noexcept;

}  // namespace sluice
