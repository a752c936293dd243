#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/limits.h"
#include "engine/base/time.h"

/// The transport's deadlines. A deployment leaves them alone; tests move the clock instead of sleeping.

namespace sluice {

struct TransportTuning {
  std::int64_t head_ns = limits::kHeadSeconds * 1'000'000'000;
  std::int64_t idle_ns = limits::kIdleSeconds * 1'000'000'000;
  std::int64_t body_ns = limits::kBodySeconds * 1'000'000'000;
  std::int64_t body_grace_ns = limits::kBodyGraceSeconds * 1'000'000'000;
  std::int64_t write_ns = limits::kWriteSeconds * 1'000'000'000;
  std::int64_t linger_ns = 2'000'000'000;
  std::int64_t drain_ns = limits::kDrainSeconds * 1'000'000'000;
  std::int64_t admission_wait_ns = limits::kAdmissionWaitMs * 1'000'000;
  /// One timer per io thread looks at all deadlines this often. Halved: twice the scanning; doubled: deadlines that
  /// much late.
  std::int64_t tick_ns = 250'000'000;
  bool count_loopback = false;  ///< Of connections per address; for tests.
  /// Added to the monotonic clock; nullptr: nothing.
  const std::atomic<std::int64_t>* clock_skew_ns = nullptr;

  [[nodiscard]] MonotonicTime now() const noexcept {
    return monotonic_now() + (clock_skew_ns == nullptr ? 0 : clock_skew_ns->load(std::memory_order_relaxed));
  }
};

}  // namespace sluice
