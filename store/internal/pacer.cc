#include "store/internal/pacer.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

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

/// What a thread that works in the background knows of itself.
struct Worker {
  std::chrono::nanoseconds counted{0};          // Of its processor time.
  BackgroundBudget::Clock::time_point resumed;  // When it began, or last rested.
  NicenessBreak niceness_break;
  std::optional<int> own_niceness;  // While it is nicer.
};

// On Linux niceness is a thread's own (setpriority(2), "C library/kernel differences").
std::optional<int> niceness() noexcept {
  errno = 0;
  const int value = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  return errno == 0 ? std::optional(value) : std::nullopt;
}

bool set_niceness(int value) noexcept {
  return ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), value) == 0;
}

void make_nicer(Worker& worker, bool nicer) noexcept {
  if (nicer == worker.own_niceness.has_value()) return;
  static const bool can = niceness_can_be_taken_back();
  if (!can) return;
  if (nicer) {
    worker.own_niceness = niceness();
    if (worker.own_niceness) (void)set_niceness(*worker.own_niceness + Pacer::kNicer);
  } else {
    (void)set_niceness(*worker.own_niceness);
    worker.own_niceness.reset();
  }
}

Worker& this_worker() noexcept {
  thread_local Worker worker;
  return worker;
}

}  // namespace

bool niceness_can_be_taken_back() noexcept {
  bool can = false;
  try {
    std::jthread([&can] {  // A thread of its own: one that is refused stays nicer.
      const std::optional<int> own = niceness();
      can = own && set_niceness(*own + 1) && set_niceness(*own);
    }).join();
  } catch (const std::system_error&) {  // No thread to be had.
  }
  return can;
}

void NicenessBreak::starved(Clock::time_point now) noexcept {
  if (!over(now)) {
    until_ = now + length_;
    return;
  }
  const bool again = now - until_ < length_;
  length_ = again ? std::min<std::chrono::milliseconds>(4 * length_, kLongest) : kShortest;
  until_ = now + length_;
}

void Pacer::begin() noexcept {
  this_worker().resumed = BackgroundBudget::Clock::now();
}

void Pacer::rest() {
  Worker& worker = this_worker();
  const std::chrono::nanoseconds used = processor_time_of_thread();
  if (used - worker.counted < kSlice) return;
  const std::chrono::nanoseconds worked = std::min(used - worker.counted, kLongestSlice);
  worker.counted = used;
  const auto now = BackgroundBudget::Clock::now();
  const auto paid = budget_.spend(worked, now);
  const bool hurry = hurry_.load(std::memory_order_relaxed);
  if (now - worker.resumed > kStarved) worker.niceness_break.starved(now);
  make_nicer(worker, niceness_ == Niceness::higher && !hurry && worker.niceness_break.over(now));
  worker.resumed = now;
  if (paid <= now || hurry) return;
  std::this_thread::sleep_until(paid);
  rests_.fetch_add(1, std::memory_order_relaxed);
  worker.resumed = BackgroundBudget::Clock::now();
}

}  // namespace sluice
