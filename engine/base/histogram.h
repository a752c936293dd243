#pragma once

#include <array>
#include <atomic>
#include <cstdint>

/// Log-linear latency histogram (HdrHistogram's idea: 32 linear steps per power of two, ≤ 3.2 % error), values in
/// nanoseconds up to ~18 minutes. Fixed memory. Threads: record() from one, or else record_shared() alone from any;
/// reading from any thread is a relaxed snapshot.

namespace sluice {

class Histogram {
 public:
  void record(std::int64_t value_ns) noexcept;
  /// As record(), from any number of threads at once.
  void record_shared(std::int64_t value_ns) noexcept;
  void merge(const Histogram& other) noexcept;
  void reset() noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] std::int64_t sum_ns() const noexcept;
  [[nodiscard]] std::int64_t max_ns() const noexcept;
  /// `quantile` in [0,1]; the upper edge of the step it falls in; 0 when empty.
  [[nodiscard]] std::int64_t at(double quantile) const noexcept;
  /// How many values were ≤ limit (to the step's resolution): Prometheus buckets.
  [[nodiscard]] std::uint64_t count_up_to(std::int64_t limit_ns) const noexcept;

 private:
  static constexpr int kStepBits = 5;
  static constexpr int kPowers = 36;
  static constexpr int kBuckets = kPowers << kStepBits;
  [[nodiscard]] static int bucket_of(std::int64_t value_ns) noexcept;
  [[nodiscard]] static std::int64_t upper_edge(int bucket) noexcept;
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
  std::atomic<std::int64_t> sum_{0};
  std::atomic<std::int64_t> max_{0};
};

}  // namespace sluice
