#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

/// Bounds what is in flight between submit and deliver: scores, bytes and batches.
/// Threads: try_take() from io threads, give_back() from the committer, wait_for_none() from main.

namespace sluice {

class AdmissionLedger {
 public:
  AdmissionLedger(std::size_t scores_max, std::size_t bytes_max) noexcept
      : scores_max_(scores_max), bytes_max_(bytes_max) {}

  /// The share of the limits that is open at a log pressure: all up to 0.5, then linearly down to nothing at 1.0.
  [[nodiscard]] static double open_share(double pressure) noexcept;
  /// False: no room. A batch larger than the limit is let in when nothing else is in flight, so that it is never
  /// refused for ever.
  [[nodiscard]] bool try_take(std::size_t scores, std::size_t bytes, double pressure) noexcept;
  void give_back(std::size_t scores, std::size_t bytes) noexcept;

  /// Around one submit and its delivery; wait_for_none() returns when every batch that entered has left.
  void enter() noexcept;
  void leave(std::size_t batches) noexcept;
  void wait_for_none() noexcept;

  [[nodiscard]] std::size_t scores() const noexcept { return scores_.load(std::memory_order_relaxed); }

 private:
  const std::size_t scores_max_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> scores_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> batches_{0};
};

}  // namespace sluice
