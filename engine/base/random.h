#pragma once

#include <cstddef>
#include <cstdint>

/// Random bytes of the operating system (getrandom), for secrets and seeds. Blocks only before the kernel's pool is
/// ready, at boot. Safe from any thread. A kernel without getrandom is no supported platform: the process stops.

namespace sluice {

void fill_random(std::uint8_t* out, std::size_t size) noexcept;

}  // namespace sluice
