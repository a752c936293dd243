#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/time.h"
#include "engine/model/catalogue.h"

/// What one API key may do per second: requests, scores of writes, bytes of bodies. Refused with 429 and a Retry-After
/// that holds: the same request is taken then, unless the key was used meanwhile.
///
/// GCRA, the token bucket as one number: each key and kind has the time at which all it took would be paid for at its
/// rate. What is asked for costs cost / rate seconds and is taken when that time is then no further ahead of now than
/// the burst. What costs more than a whole burst (a body of 16 MiB at 1 MiB a second) is taken when nothing is owed,
/// and the key waits until it is paid for: nothing is refused for ever, and the rate holds over time.
///
/// Threads: any; one atomic per key and kind, no lock. A kind without a limit is never touched. Monotonic clock.

namespace sluice {

enum class RateKind : std::uint8_t { requests, scores, bytes };
inline constexpr std::size_t kRateKinds = 3;

/// The limits in force for a key, per second and by RateKind; 0: none.
using Rates = std::array<std::uint64_t, kRateKinds>;
/// The key's own where it has one, else the server's.
[[nodiscard]] Rates rates_of(const RateLimits& key, const Rates& by_default) noexcept;

class RateLimiter {
 public:
  explicit RateLimiter(std::int64_t burst_seconds);

  /// Takes `cost`, unless more is owed than a burst. 0: taken; else the ns after which it would be.
  [[nodiscard]] std::int64_t take(KeyNumber key, RateKind kind, std::uint64_t per_second, std::uint64_t cost,
                                  MonotonicTime now) noexcept;
  /// Takes `cost` whatever is owed: it has happened already (bytes of a chunked body).
  void charge(KeyNumber key, RateKind kind, std::uint64_t per_second, std::uint64_t cost, MonotonicTime now) noexcept;

  /// For the client: which limit, its value, and when to come back.
  [[nodiscard]] std::string message(RateKind kind, std::uint64_t per_second, int retry_after_seconds) const;
  /// Whole seconds, rounded up.
  [[nodiscard]] static int retry_after_seconds(std::int64_t wait_ns) noexcept;

 private:
  /// By RateKind: when all that was taken is paid for. Aligned so that a key's lie in one cache line.
  struct alignas(32) Account {
    std::array<std::atomic<MonotonicTime>, kRateKinds> paid_at{};
  };
  [[nodiscard]] std::atomic<MonotonicTime>& paid_at(KeyNumber key, RateKind kind) noexcept;

  const std::int64_t burst_ns_;
  const std::unique_ptr<Account[]> accounts_;  // By key number: they are given out from 1 on, up to limits::kKeys.
};

}  // namespace sluice
