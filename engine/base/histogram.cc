#include "engine/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice {

namespace {

// The recording thread is the only writer, so a load and a store do: no locked instruction on the hot path.
template <class T>
void add(std::atomic<T>& counter, T amount) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

// Values below 32 have a step each; from there on every power of two is cut into 32 steps.
int Histogram::bucket_of(std::int64_t value_ns) noexcept {
  constexpr std::int64_t kLinear = 1 << kStepBits;
  if (value_ns < kLinear) return static_cast<int>(std::max<std::int64_t>(value_ns, 0));
  const int shift = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value_ns))) - 1 - kStepBits;
  const int step = static_cast<int>((value_ns >> shift) & (kLinear - 1));
  return std::min(((shift + 1) << kStepBits) + step, kBuckets - 1);
}

std::int64_t Histogram::upper_edge(int bucket) noexcept {
  constexpr std::int64_t kLinear = 1 << kStepBits;
  if (bucket < kLinear) return bucket;
  const int shift = (bucket >> kStepBits) - 1;
  return ((kLinear + (bucket & (kLinear - 1)) + 1) << shift) - 1;
}

void Histogram::record(std::int64_t value_ns) noexcept {
  value_ns = std::max<std::int64_t>(value_ns, 0);
  add<std::uint64_t>(counts_[static_cast<std::size_t>(bucket_of(value_ns))], 1);
  add<std::int64_t>(sum_, value_ns);
  if (value_ns > max_.load(std::memory_order_relaxed)) max_.store(value_ns, std::memory_order_relaxed);
}

void Histogram::record_shared(std::int64_t value_ns) noexcept {
  value_ns = std::max<std::int64_t>(value_ns, 0);
  counts_[static_cast<std::size_t>(bucket_of(value_ns))].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value_ns, std::memory_order_relaxed);
  std::int64_t seen = max_.load(std::memory_order_relaxed);
  while (value_ns > seen && !max_.compare_exchange_weak(seen, value_ns, std::memory_order_relaxed)) {
  }
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    add<std::uint64_t>(counts_[i], other.counts_[i].load(std::memory_order_relaxed));
  add<std::int64_t>(sum_, other.sum_ns());
  max_.store(std::max(max_ns(), other.max_ns()), std::memory_order_relaxed);
}

void Histogram::reset() noexcept {
  for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& count : counts_) total += count.load(std::memory_order_relaxed);
  return total;
}

std::int64_t Histogram::sum_ns() const noexcept { return sum_.load(std::memory_order_relaxed); }
std::int64_t Histogram::max_ns() const noexcept { return max_.load(std::memory_order_relaxed); }

std::int64_t Histogram::at(double quantile) const noexcept {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const double clamped = std::clamp(quantile, 0.0, 1.0);
  const auto rank = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(clamped * static_cast<double>(total))), 1, total);
  std::uint64_t below = 0;
  for (int bucket = 0; bucket < kBuckets - 1; ++bucket) {
    below += counts_[static_cast<std::size_t>(bucket)].load(std::memory_order_relaxed);
    if (below >= rank) return upper_edge(bucket);
  }
  return max_ns();  // The last step also holds everything beyond the range.
}

std::uint64_t Histogram::count_up_to(std::int64_t limit_ns) const noexcept {
  if (limit_ns < 0) return 0;
  const int last = bucket_of(limit_ns);
  std::uint64_t total = 0;
  for (int bucket = 0; bucket <= last; ++bucket)
    total += counts_[static_cast<std::size_t>(bucket)].load(std::memory_order_relaxed);
  return total;
}

}  // namespace sluice
