#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Wall time is int64 nanoseconds since 1970-01-01 UTC (years 1678 to 2262); durations and deadlines use MonotonicTime.

namespace sluice {

using WallTime = std::int64_t;       ///< ns since the epoch, UTC.
using MonotonicTime = std::int64_t;  ///< ns of CLOCK_MONOTONIC.

[[nodiscard]] WallTime wall_now() noexcept;
[[nodiscard]] MonotonicTime monotonic_now() noexcept;
/// For ages: the wall clock, but never further on than what it read at the first call plus the time since. So nothing
/// grows old because the clock was set forward.
[[nodiscard]] WallTime settled_wall_now() noexcept;

/// RFC 3339 with 'T' or ' ', 0 to 9 fraction digits, 'Z' or ±hh:mm; a missing zone is UTC.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;
/// 2026-01-31T23:59:59.123456Z; microseconds always, nanoseconds (9 digits) only when they are not zero.
void append_rfc3339(std::string& out, WallTime time);

}  // namespace sluice
