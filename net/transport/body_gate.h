#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "engine/base/time.h"

/// How many long bodies a busy io thread has under way.
///
/// Each that is being read, decoded or stored holds several times its length in memory. A few dozen keep a thread busy
/// and stay in cache; a thousand at once, a slice of each in turn, make all of them slow, and all of them together
/// slower than a few dozen. So while the thread is busy a long body waits behind its head, in the kernel, where it
/// costs nothing, until one before it has ended. Whoever waited kWaitNs is refused.
///
/// While the thread keeps up nobody waits, so clients that send slowly hold up nobody.
///
/// At each ring of IngestLoad's timer as many go as have ended since the last one, and a few more when it came in time,
/// or half of them when it was late: additive increase, multiplicative decrease. They go in the order in which they
/// came. But never fewer than kLeast are under way, because what makes the thread late may be refusing the others:
/// below that, whoever comes goes at once, so that the thread does not stand still until the next ring.
///
/// Threads: the io thread.

namespace sluice {

class Connection;

class BodyGate {
 public:
  /// Shorter ones cost about as much to refuse, or to look at twice, as to serve.
  static constexpr std::size_t kLongBytes = 32 * 1024;
  /// Halved: closed loops of some hundred connections are refused instead of served a little later; doubled: whoever is
  /// refused learns it that much later.
  static constexpr std::int64_t kWaitNs = 500'000'000;
  /// More under way at each ring in time. Doubled: more under way than fit; halved: slower to use a processor that
  /// became free.
  static constexpr std::size_t kMore = 8;
  /// Halved: less of a processor is used while refusals make the thread late; doubled: more than fit in cache.
  static constexpr std::size_t kLeast = 16;

  /// Whether the next long body has to wait.
  [[nodiscard]] bool closed(bool busy) const noexcept {
    return under_way_ >= kLeast && (busy || !waiting_.empty());
  }
  void wait(Connection& connection, MonotonicTime now) { waiting_.push_back({&connection, now}); }
  /// It closes.
  void forget(const Connection& connection) noexcept;
  /// Around each request with a long body, whether it had to wait or not.
  void began() noexcept { ++under_way_; }
  void ended() noexcept {
    --under_way_;
    ++ended_;
  }

  /// They wait no longer.
  struct Turn {
    std::vector<Connection*> served;
    std::vector<Connection*> refused;
  };
  [[nodiscard]] Turn ring(bool busy, MonotonicTime now);
  [[nodiscard]] bool someone_waits() const noexcept { return !waiting_.empty(); }

 private:
  struct Waiting {
    Connection* connection;
    MonotonicTime since;
  };
  std::deque<Waiting> waiting_;  // Oldest first.
  std::size_t under_way_ = 0;
  std::size_t ended_ = 0;  // Since the last ring.
};

}  // namespace sluice
