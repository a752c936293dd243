#pragma once

/// Bugs planted on purpose, to prove that tools/crashloop finds them (tests/faults/planted). Only a module compiled
/// with SLUICE_PLANTED_BUGS has them, which no shipped build sets; there the environment variable SLUICE_PLANT names
/// the one that is active. Everywhere else planted() is false at compile time and its branches are gone.
/// Included by .cc files only: a header would mix both kinds of modules.

#ifdef SLUICE_PLANTED_BUGS

#include <cstdlib>
#include <string_view>

namespace sluice {
inline constexpr bool kPlantedBugs = true;
[[nodiscard]] inline bool planted(std::string_view bug) {
  static const char* const chosen = std::getenv("SLUICE_PLANT");
  return chosen != nullptr && bug == chosen;
}
}  // namespace sluice

#else

namespace sluice {
inline constexpr bool kPlantedBugs = false;
[[nodiscard]] constexpr bool planted(const char*) noexcept { return false; }
}  // namespace sluice

#endif
