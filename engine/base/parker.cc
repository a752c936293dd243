#include "engine/base/parker.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "engine/base/time.h"

namespace sluice {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* deadline) noexcept {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  return ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation | FUTEX_PRIVATE_FLAG, value, deadline,
                   nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void Parker::announce() noexcept {
  state_.store(sleeping, std::memory_order_relaxed);
  // Pairs with the fence in unpark(): the sleeper's look at its rings may not move before the store.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Parker::cancel() noexcept { state_.store(awake, std::memory_order_relaxed); }

void Parker::park(std::int64_t timeout_ns) noexcept {
  timespec deadline{};
  if (timeout_ns >= 0) {
    // Absolute (the bitset form takes it so): a signal that interrupts the wait does not prolong it.
    std::int64_t until = 0;
    if (__builtin_add_overflow(monotonic_now(), timeout_ns, &until)) until = INT64_MAX;
    deadline.tv_sec = until / kSecond;
    deadline.tv_nsec = until % kSecond;
  }
  // Acquire pairs with unpark()'s release exchange: what the waker wrote before is seen.
  while (state_.load(std::memory_order_acquire) == sleeping) {
    const long woken = futex(state_, FUTEX_WAIT_BITSET, sleeping, timeout_ns >= 0 ? &deadline : nullptr);
    if (woken < 0 && errno == ETIMEDOUT) break;
  }
  state_.store(awake, std::memory_order_relaxed);
}

void Parker::unpark() noexcept {
  // Pairs with the fence in announce(): the load below may not move before the caller's push.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (state_.load(std::memory_order_relaxed) != sleeping) return;
  // One of several wakers pays for the call.
  if (state_.exchange(awake, std::memory_order_acq_rel) == sleeping) futex(state_, FUTEX_WAKE, 1, nullptr);
}

}  // namespace sluice
