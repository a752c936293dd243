#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "engine/model/score_record.h"

/// How many bytes of one kind the process holds in memory for its clients, in all and of each workspace.
///
/// Fair share. Up to half of the limit anybody may take any of it; past half, a workspace may hold at most a quarter.
/// So one that takes what it can and then stalls leaves half to the others, and two leave a quarter. (engine/ingest's
/// AdmissionLedger lets a lone workspace have it all: what is in there is gone in a second, a stalled body is not.)
/// Who comes while nothing is held gets all it asks for, so that nothing is too large for ever.
///
/// Threads: any. All counts are relaxed: of two that take together one may be refused too early, never both get past.

namespace sluice {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max);

  /// False: no room, or not for this workspace. Two atomic additions.
  [[nodiscard]] bool try_take(WorkspaceNumber workspace, std::size_t bytes) noexcept;
  /// Whether there is room or not.
  void take(WorkspaceNumber workspace, std::size_t bytes) noexcept;
  void give_back(WorkspaceNumber workspace, std::size_t bytes) noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  using Account = std::atomic<std::size_t>;
  [[nodiscard]] Account& account(WorkspaceNumber workspace) const noexcept;

  const std::size_t bytes_max_;
  Account held_{0};
  const std::unique_ptr<Account[]> accounts_;  // By workspace number: up to limits::kWorkspaces; 0 is the operator's.
};

/// What one request holds of a budget; given back by the destructor. Threads: one at a time.
class BytePermit {
 public:
  explicit BytePermit(ByteBudget& budget) noexcept : budget_(budget) {}
  BytePermit(const BytePermit&) = delete;
  BytePermit& operator=(const BytePermit&) = delete;
  ~BytePermit() { release(); }

  /// `bytes` more. `workspace` is the same until release().
  [[nodiscard]] bool try_take(WorkspaceNumber workspace, std::size_t bytes) noexcept {
    if (!budget_.try_take(workspace, bytes)) return false;
    workspace_ = workspace;
    held_ += bytes;
    return true;
  }
  void take(WorkspaceNumber workspace, std::size_t bytes) noexcept {
    budget_.take(workspace, bytes);
    workspace_ = workspace;
    held_ += bytes;
  }
  void release() noexcept {
    if (held_ != 0) budget_.give_back(workspace_, held_);
    held_ = 0;
  }
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

 private:
  ByteBudget& budget_;
  WorkspaceNumber workspace_ = 0;
  std::size_t held_ = 0;
};

}  // namespace sluice
