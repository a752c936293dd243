#include "store/internal/background_budget.h"

#include <algorithm>
#include <thread>

namespace sluice {

BackgroundBudget& BackgroundBudget::shared() {
  static BackgroundBudget budget(std::max(1u, std::thread::hardware_concurrency()));
  return budget;
}

BackgroundBudget::Clock::time_point BackgroundBudget::spend(Clock::duration worked, Clock::time_point now) noexcept {
  const auto price = std::chrono::duration_cast<Clock::duration>(worked * price_);
  Clock::rep before = paid_.load(std::memory_order_relaxed);
  Clock::time_point paid;
  do {
    // What was not used before this piece of work began is not saved up.
    const Clock::time_point from = std::max(Clock::time_point(Clock::duration(before)), now - worked);
    paid = std::min(from + price, now + kLongestDebt);
  } while (!paid_.compare_exchange_weak(before, paid.time_since_epoch().count(), std::memory_order_relaxed));
  return std::min(paid, now + kMostRest * worked);
}

}  // namespace sluice
