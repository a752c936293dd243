#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"
#include "net/transport/address_places.h"

/// How often a client address (as AddressPlaces counts them, but loopback too) may fail to authenticate; past that it
/// is told 429 and when to come back instead of 401. GCRA as in rate_limiter.h: a refusal costs nothing.
///
/// Asked only once a credential was found bad, so that a valid key is never refused: many clients share an address
/// (NAT, a proxy), and refusing before the look would let any of them lock out the others. So it keeps no secret: 429
/// says no more than 401 did, and who ignores it may go on guessing, against 256 random bits. It slows clients that
/// retry a wrong or revoked key without end, if they mind Retry-After, and tells the operator of those that do not.
///
/// The table has a fixed size, and nothing a client sends allocates. An address takes an entry that owes nothing (it
/// would be as new); one that owes is never given up. Where there is none, newcomers share one bucket.
///
/// Threads: any. A lock, but only where an authentication failed. Monotonic clock.

namespace sluice {

class FailedAuthLimiter {
 public:
  using Address = AddressPlaces::Address;

  /// `per_second` 0: no limit; at most 1,000,000. Borrows `keys`: nobody can choose addresses that collide.
  FailedAuthLimiter(std::uint64_t per_second, const KeyedHash& keys);

  /// Counts a failure. 0: counted, tell it so; else past the limit, and the ns after which it would not be.
  [[nodiscard]] std::int64_t take(const Address& address, MonotonicTime now) noexcept;

 private:
  struct Entry {
    Address address{};
    MonotonicTime paid_at = 0;  // Not after now: nothing is owed.
  };

  const KeyedHash& keys_;
  const std::int64_t price_ns_;  // Of a failure; 0: no limit.
  const std::int64_t burst_ns_;
  std::mutex mutex_;
  const std::unique_ptr<Entry[]> entries_;  // Guarded by mutex_, as what follows.
  Entry newcomers_;
};

}  // namespace sluice
