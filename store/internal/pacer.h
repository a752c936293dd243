#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "store/internal/background_budget.h"

/// Makes one kind of background work keep to the BackgroundBudget, between two pieces of it.
/// Threads: rest() from those that work, step() from one of them; the rest from any.

namespace sluice {

class Pacer {
 public:
  explicit Pacer(BackgroundBudget& budget = BackgroundBudget::shared()) noexcept : budget_(budget) {}

  /// True while there is more work than can wait: it is counted then, and never rests.
  void hurry(bool yes) noexcept { hurry_.store(yes, std::memory_order_relaxed); }
  /// Counts the processor time that the calling thread has used since it last rested, once that is a slice, and rests.
  void rest();
  /// rest() at every 256th call, for pieces of work that are far shorter than it takes to read the clock.
  void step() {
    if ((++steps_ & 255u) == 0) rest();
  }
  /// So far.
  [[nodiscard]] std::uint64_t rests() const noexcept { return rests_.load(std::memory_order_relaxed); }

 private:
  BackgroundBudget& budget_;
  std::atomic<bool> hurry_{false};
  std::atomic<std::uint64_t> rests_{0};
  std::uint64_t steps_ = 0;
};

}  // namespace sluice
