#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/time.h"
#include "engine/model/score_record.h"

/// Bounds what is in flight between submit and deliver: scores, bytes and batches; of all, and of each workspace.
///
/// Fair share. The queues are first come, first served, so what a workspace has in them decides what part of the
/// commits it gets. Up to half of a limit anybody may take any of it: half is seconds of work, so a single tenant is
/// never held back for nobody. Past half, a workspace may hold at most the limit divided by the workspaces that have
/// something in flight: one that floods is refused more (over_share) until it has drained to its share, and what it
/// leaves goes to the others. A workspace with nothing in flight is only ever bound by the whole.
///
/// Queue age. A queue that is longer than clients wait turns work into waste: they give up, come again, and what is
/// committed is no longer wanted. So while there is a queue, the limit of scores is what was committed in the last
/// kQueueSeconds, by the committer's own count; without one it is the whole limit, which a burst may fill.
///
/// All counts are relaxed atomics; a sum that two threads raise together may turn one of them back too early, never let
/// both past the limit.
/// Threads: try_take() from io threads, give_back() and observe() from the committer, wait_for_none() from main.

namespace sluice {

class AdmissionLedger {
 public:
  /// How long a score waits at most, about. Halved: less room for a stall of the disk; doubled: clients with a timeout
  /// of a few seconds begin to give up.
  static constexpr double kQueueSeconds = 1.0;
  /// However slowly commits go, this many scores are let in: a few groups, so that the committer never starves.
  static constexpr std::size_t kQueuedScoresMin = 100'000;
  /// Commits are counted over so long: several groups, and still a quick answer to a change.
  static constexpr std::int64_t kWindowNs = 250'000'000;

  AdmissionLedger(std::size_t scores_max, std::size_t bytes_max);

  /// The share of the limits that is open at a log pressure: all up to 0.5, then linearly down to nothing at 1.0.
  [[nodiscard]] static double open_share(double pressure) noexcept;

  enum class Verdict : std::uint8_t {
    taken,
    full,        ///< No room for anybody.
    over_share,  ///< Room, but not for this workspace.
  };
  /// A batch larger than a limit is let in when nothing else is in flight, so that it is never refused for ever.
  /// `scores` > 0.
  [[nodiscard]] Verdict try_take(WorkspaceNumber workspace, std::size_t scores, std::size_t bytes,
                                 double pressure) noexcept;
  /// Nearly full, and this workspace has nearly its share: what it sends now would most likely be turned back, so it is
  /// better refused before it is read. Three loads.
  [[nodiscard]] bool crowded(WorkspaceNumber workspace, double pressure) const noexcept;
  void give_back(WorkspaceNumber workspace, std::size_t scores, std::size_t bytes) noexcept;
  /// After each group: so many scores were done with. Sets the limit by the queue's age.
  void observe(std::size_t scores, MonotonicTime now) noexcept;

  /// Around one submit and its delivery; wait_for_none() returns when every batch that entered has left.
  void enter() noexcept;
  void leave(std::size_t batches) noexcept;
  void wait_for_none() noexcept;

  /// The limit of scores in force.
  [[nodiscard]] std::size_t scores_open() const noexcept { return scores_open_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t scores() const noexcept { return Held(all_.load(std::memory_order_relaxed)).scores(); }

 private:
  /// Scores and bytes in one number, so that counting a batch in or out is one atomic operation: scores in the upper 24
  /// bits, bytes in the lower 40.
  class Held {
   public:
    static constexpr unsigned kScoresShift = 40;
    Held() = default;
    Held(std::size_t scores, std::size_t bytes) noexcept : bits_(std::uint64_t{scores} << kScoresShift | bytes) {}
    explicit Held(std::uint64_t bits) noexcept : bits_(bits) {}
    [[nodiscard]] std::size_t scores() const noexcept { return bits_ >> kScoresShift; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bits_ & ((std::uint64_t{1} << kScoresShift) - 1); }
    [[nodiscard]] std::uint64_t bits() const noexcept { return bits_; }

   private:
    std::uint64_t bits_ = 0;
  };
  using Account = std::atomic<std::uint64_t>;  // Bits of a Held.
  [[nodiscard]] Account& account(WorkspaceNumber workspace) const noexcept;

  const std::size_t scores_max_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> scores_open_;  // scores_max_ or less: see observe().
  Account all_{0};
  std::atomic<std::size_t> active_{0};  // Workspaces with scores in flight.
  std::atomic<std::size_t> batches_{0};
  /// The committer's: what it saw since `since`.
  struct Window {
    MonotonicTime since = 0;
    std::size_t done = 0;
    std::size_t least_queued = SIZE_MAX;
  };
  Window window_;
  const std::unique_ptr<Account[]> accounts_;  // By workspace number: given out from 1 on, up to limits::kWorkspaces.
};

}  // namespace sluice
