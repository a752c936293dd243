#include "net/transport/rate_limiter.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace sluice {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::size_t kAccounts = limits::kKeys + 1;
// Larger than any body or batch; keeps a price within 63 bits.
constexpr std::uint64_t kCostMax = std::uint64_t{1} << 32;
static_assert(kCostMax * kSecondNs <= std::numeric_limits<std::int64_t>::max() / 2);
static_assert(limits::kItems < kCostMax);

// The most that may be owed (70 years): sums stay within 63 bits however often a key is charged.
constexpr std::int64_t kOwedMaxNs = std::numeric_limits<std::int64_t>::max() / 4;

constexpr std::string_view kNouns[kRateKinds] = {"requests", "scores", "bytes of bodies"};

std::int64_t price_ns(std::uint64_t per_second, std::uint64_t cost) noexcept {
  return static_cast<std::int64_t>(std::min(cost, kCostMax) * kSecondNs / per_second);
}

MonotonicTime paid_after(MonotonicTime from, std::int64_t price, MonotonicTime now) noexcept {
  return std::min(from + price, now + kOwedMaxNs);
}

}  // namespace

Rates rates_of(const RateLimits& key, const Rates& by_default) noexcept {
  return {key.requests.value_or(by_default[0]), key.scores.value_or(by_default[1]), key.bytes.value_or(by_default[2])};
}

RateLimiter::RateLimiter(std::int64_t burst_seconds)
    : burst_ns_(burst_seconds * static_cast<std::int64_t>(kSecondNs)),
      accounts_(std::make_unique<Account[]>(kAccounts)) {}

std::atomic<MonotonicTime>& RateLimiter::paid_at(KeyNumber key, RateKind kind) noexcept {
  // A damaged catalogue may hold a higher number: that key would share an account, and nothing else.
  return accounts_[key % kAccounts].paid_at[static_cast<std::size_t>(kind)];
}

std::int64_t RateLimiter::take(KeyNumber key, RateKind kind, std::uint64_t per_second, std::uint64_t cost,
                               MonotonicTime now) noexcept {
  if (per_second == 0 || cost == 0) return 0;
  const std::int64_t price = price_ns(per_second, cost);
  const std::int64_t may_owe = burst_ns_ - std::min(price, burst_ns_);
  std::atomic<MonotonicTime>& at = paid_at(key, kind);
  // Relaxed: a number by itself; it publishes nothing.
  MonotonicTime seen = at.load(std::memory_order_relaxed);
  for (;;) {
    const MonotonicTime from = std::max(seen, now);
    if (from - now > may_owe) return from - now - may_owe;
    if (at.compare_exchange_weak(seen, paid_after(from, price, now), std::memory_order_relaxed)) return 0;
  }
}

void RateLimiter::charge(KeyNumber key, RateKind kind, std::uint64_t per_second, std::uint64_t cost,
                         MonotonicTime now) noexcept {
  if (per_second == 0 || cost == 0) return;
  const std::int64_t price = price_ns(per_second, cost);
  std::atomic<MonotonicTime>& at = paid_at(key, kind);
  MonotonicTime seen = at.load(std::memory_order_relaxed);
  while (!at.compare_exchange_weak(seen, paid_after(std::max(seen, now), price, now), std::memory_order_relaxed)) {
  }
}

std::string RateLimiter::message(RateKind kind, std::uint64_t per_second, int retry_after_seconds) const {
  std::string text = "This API key may send " + std::to_string(per_second) + " ";
  text.append(kNouns[static_cast<std::size_t>(kind)]).append(" per second");
  const std::uint64_t burst_seconds = static_cast<std::uint64_t>(burst_ns_) / kSecondNs;
  if (burst_seconds > 1) text += " (" + std::to_string(per_second * burst_seconds) + " at once)";
  return text + " and has sent more. Nothing was stored; try again in " + std::to_string(retry_after_seconds) + " s.";
}

int RateLimiter::retry_after_seconds(std::int64_t wait_ns) noexcept {
  const std::int64_t second = static_cast<std::int64_t>(kSecondNs);
  // Rounded up without adding first: a wait may be centuries long.
  const std::int64_t seconds = wait_ns / second + (wait_ns % second != 0 ? 1 : 0);
  return static_cast<int>(std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<int>::max()));
}

}  // namespace sluice
