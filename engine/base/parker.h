#pragma once

#include <atomic>
#include <cstdint>

/// Lets one thread sleep until others have work for it, at one futex call per sleep and none while it is awake.
/// The sleeper: announce(); look at its rings once more; park() or cancel(). Wakers: push; then unpark().
/// Invariant: announce() and unpark() both contain a seq_cst fence between their write and their read, so either the
/// waker sees the announcement or the sleeper's second look sees the push.

namespace sluice {

class Parker {
 public:
  /// Sleeper: from here on a waker will wake it. Must be followed by a look at every source of work.
  void announce() noexcept;
  /// Sleeper: work was found at the second look.
  void cancel() noexcept;
  /// Sleeper: sleeps until unpark(), or `timeout_ns` (< 0: no limit). Returns at once if unpark()
  /// came since announce().
  void park(std::int64_t timeout_ns = -1) noexcept;
  /// Any thread, after its push. Cheap when the sleeper is awake: one fence and one load.
  void unpark() noexcept;

 private:
  enum State : std::uint32_t { awake = 0, sleeping = 1 };
  std::atomic<std::uint32_t> state_{awake};
};

}  // namespace sluice
