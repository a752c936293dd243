#include "store/internal/pacer.h"

#include <algorithm>
#include <ctime>
#include <thread>

namespace sluice {
namespace {

using namespace std::chrono_literals;

/// Doubled: who serves waits twice as long for a busy processor. Halved: twice the wake-ups.
constexpr std::chrono::nanoseconds kSlice = 500us;
/// A thread that comes from other work (RocksDB's do) does not pay for it.
constexpr std::chrono::nanoseconds kLongestSlice = 10ms;

std::chrono::nanoseconds processor_time_of_thread() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void Pacer::rest() {
  thread_local std::chrono::nanoseconds counted{0};
  const std::chrono::nanoseconds used = processor_time_of_thread();
  if (used - counted < kSlice) return;
  const std::chrono::nanoseconds worked = std::min(used - counted, kLongestSlice);
  counted = used;
  const auto now = BackgroundBudget::Clock::now();
  const auto paid = budget_.spend(worked, now);
  if (paid <= now || hurry_.load(std::memory_order_relaxed)) return;
  std::this_thread::sleep_until(paid);
  rests_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace sluice
