#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "store/internal/background_budget.h"

/// Makes one kind of background work keep to the BackgroundBudget, between two pieces of it, and leave processors to
/// the threads that serve: its thread has a higher niceness, but where others wait for the work. Neither while it is in
/// a hurry; nor the second for a NicenessBreak after the thread was kept from running for kStarved, since beside a
/// program that fills the machine it would fall behind, and hold what others wait for.
/// Niceness is only used where it can be taken back, which needs CAP_SYS_NICE or RLIMIT_NICE (setpriority(2)).
/// Threads: begin() and rest() from those that work, step() from one of them; the rest from any.

namespace sluice {

/// How long a thread that starved is not nicer. A moment in which the machine was full costs little; beside a program
/// that fills it for long, the thread starves again soon after each break, and they become long.
class NicenessBreak {
 public:
  using Clock = BackgroundBudget::Clock;
  /// The thread was kept from running until now.
  void starved(Clock::time_point now) noexcept;
  [[nodiscard]] bool over(Clock::time_point now) const noexcept { return now >= until_; }

  /// A quarter: beside three busy loops on the server's one processor requests were refused. Doubled: reads beside half
  /// of what the machine can take wait two to five times as long at p99 (bench/README.md).
  static constexpr std::chrono::milliseconds kShortest{500};
  static constexpr std::chrono::seconds kLongest{10};

 private:
  Clock::time_point until_;
  std::chrono::milliseconds length_{0};
};

class Pacer {
 public:
  enum class Niceness : std::uint8_t { higher, own };
  explicit Pacer(BackgroundBudget& budget = BackgroundBudget::shared(), Niceness niceness = Niceness::higher) noexcept
      : budget_(budget), niceness_(niceness) {}

  /// True while there is more work than can wait: it is counted then, and never rests.
  void hurry(bool yes) noexcept { hurry_.store(yes, std::memory_order_relaxed); }
  /// The calling thread begins a piece of work, after it had none. Not needed where the niceness stays its own.
  void begin() noexcept;
  /// Counts the processor time that the calling thread has used since it last rested, once that is a slice, and rests.
  void rest();
  /// rest() at every 256th call, for pieces of work that are far shorter than it takes to read the clock.
  void step() {
    if ((++steps_ & 255u) == 0) rest();
  }
  /// So far.
  [[nodiscard]] std::uint64_t rests() const noexcept { return rests_.load(std::memory_order_relaxed); }

  /// With 0, 5 and 10 in turn on one server beside 1.15 M scores/s, fifteen times 3 s: acks p99 22, 19 and 10 ms, reads
  /// 17, 10 and 6 (bench/README.md). A thread of niceness 0 weighs nine times as much as one of 10.
  static constexpr int kNicer = 10;
  /// Halved: a processor that is busy for a moment ends it. Doubled: who waits for a lock of such a thread waits more.
  static constexpr std::chrono::milliseconds kStarved{50};

 private:
  BackgroundBudget& budget_;
  const Niceness niceness_;
  std::atomic<bool> hurry_{false};
  std::atomic<std::uint64_t> rests_{0};
  std::uint64_t steps_ = 0;
};

/// Whether a thread of this process that was made nicer can be made less so again.
[[nodiscard]] bool niceness_can_be_taken_back() noexcept;

}  // namespace sluice
