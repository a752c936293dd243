#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

/// Spreads a burst of background work, so that the threads that serve never wait long for a processor: every slice of
/// work is followed by a pause as long. A low priority would do the same until another program fills the machine, and
/// starve there.
/// Threads: step() from the one that works; `hurry` from any.

namespace sluice {

class Pacer {
 public:
  /// `hurry`: true while there is more work than can wait; pauses are left out then. Outlives the pacer.
  explicit Pacer(const std::atomic<bool>& hurry) : hurry_(hurry), slice_began_(Clock::now()) {}

  /// Between two pieces of work, each far shorter than a slice. A clock is read every 64th time.
  void step() {
    if ((++steps_ & 63u) != 0) return;
    const auto now = Clock::now();
    if (now - slice_began_ < kSlice) return;
    if (!hurry_.load(std::memory_order_relaxed)) {
      std::this_thread::sleep_for(kSlice);
      ++pauses_;
    }
    slice_began_ = Clock::now();
  }
  [[nodiscard]] std::uint64_t pauses() const noexcept { return pauses_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// Doubled: acks wait twice as long for a busy processor. Halved: twice the wake-ups.
  static constexpr Clock::duration kSlice = std::chrono::microseconds(500);

  const std::atomic<bool>& hurry_;
  Clock::time_point slice_began_;
  std::uint64_t steps_ = 0;
  std::uint64_t pauses_ = 0;
};

}  // namespace sluice
