#include "net/transport/failed_auth_limiter.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace sluice {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kFailedAuthDomain = 0x6661696c;  // "fail"
// Seconds of its rate that an address may fail at once. By default, ten a second: a hundred workers behind one address
// that start with a wrong key are each told so. Halved: not all of them; doubled: retries go on twice as long.
constexpr std::int64_t kFailureBurstSeconds = 10;
// 4,096 addresses, 96 KiB; by default one stays a tenth of a second for each failure. Doubled: so much more memory;
// halved: a crowd of half the size makes newcomers share a bucket.
constexpr std::size_t kSets = 512;
// Addresses whose hashes meet. Doubled: twice the looking for each failure; halved: sets fill up sooner.
constexpr std::size_t kWays = 8;

}  // namespace

FailedAuthLimiter::FailedAuthLimiter(std::uint64_t per_second, const KeyedHash& keys)
    : keys_(keys),
      price_ns_(per_second == 0 ? 0 : kSecondNs / static_cast<std::int64_t>(per_second)),
      burst_ns_(price_ns_ * static_cast<std::int64_t>(per_second) * kFailureBurstSeconds),
      entries_(per_second == 0 ? nullptr : std::make_unique<Entry[]>(kSets * kWays)) {}

std::int64_t FailedAuthLimiter::take(const Address& address, MonotonicTime now) noexcept {
  if (price_ns_ == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(address.data()), address.size());
  const std::size_t set = keys_.hash(kFailedAuthDomain, bytes) % kSets;
  const std::lock_guard lock(mutex_);
  Entry* entry = &newcomers_;
  for (Entry& each : std::span(entries_.get() + set * kWays, kWays)) {
    const bool own = each.address == address;
    if (own || (entry == &newcomers_ && each.paid_at <= now)) entry = &each;
    if (own) break;
  }
  const MonotonicTime from = std::max(entry->paid_at, now);
  const std::int64_t wait = from - now - (burst_ns_ - price_ns_);
  if (wait > 0) return wait;
  entry->address = address;
  entry->paid_at = from + price_ns_;
  return 0;
}

}  // namespace sluice
