#pragma once

#include <atomic>
#include <chrono>

/// What the store does behind the answers (flushes, indexing, merges of the index) shares a quarter of the machine's
/// processors. Each comes in bursts, and three that met took both of two processors for 0.3 s, while the threads that
/// serve shared what was left. A low priority would do the same until another program fills the machine, and starve
/// there.
/// Threads: any.

namespace sluice {

class BackgroundBudget {
 public:
  using Clock = std::chrono::steady_clock;

  explicit BackgroundBudget(unsigned processors) noexcept : price_(kParts / processors) {}
  /// The process's.
  [[nodiscard]] static BackgroundBudget& shared();

  /// Counts processor time that the caller has used, and returns when a quarter of the processors would have done all
  /// that was counted: who can wait rests until then, at most kMostRest times as long as it worked.
  [[nodiscard]] Clock::time_point spend(Clock::duration worked, Clock::time_point now) noexcept;

 private:
  /// Reads beside 840 k scores/s, p99 of three turns each: 10, 15, 69 ms with 4, 69, 71, 92 with 6 (everything has to
  /// hurry), and 14, 6, 8 with 4, 25, 44, 36 with 3 in three others (bench/README.md has the command).
  static constexpr double kParts = 4;
  /// A fifth of a processor is left to each, whatever the others do: at full rate a merge hurries for seconds, and the
  /// indexer needs that much to keep up.
  static constexpr int kMostRest = 4;
  /// Work in a hurry is counted and not waited for. No more of it than this is remembered.
  static constexpr Clock::duration kLongestDebt = std::chrono::milliseconds(20);

  const double price_;  // Of a processor's second, in seconds.
  std::atomic<Clock::rep> paid_{0};
};

}  // namespace sluice
