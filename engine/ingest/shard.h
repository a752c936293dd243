#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "engine/ingest/handover.h"
#include "engine/ingest/record_checker.h"

/// Checks the records of its sources, encodes the good ones into its open block, and hands blocks to the committer.
/// Threads: ring(i) is pushed by io thread i, woken through wake(); run() or run_once() belong to one shard thread; the
/// counters may be read from any thread.

namespace sluice {

class Shard {
 public:
  Shard(std::size_t index, std::size_t io_threads, std::size_t ring_slots, const KeyedHash& keys, Catalogue& catalogue,
        HandoverLane& lane, CommitterSignal& signal, Clock clock, Clock age_clock);

  /// Start-up: the shard's share of the log's entries, oldest first.
  void load(std::shared_ptr<IdempotencyAnswer> answer) { idempotency_.load(std::move(answer)); }

  [[nodiscard]] SpscRing<Batch*>& ring(std::size_t io_thread) noexcept { return *rings_[io_thread]; }
  /// After a push of so many records (0: not known). Wakes it where the committer waits for what it will do, or where
  /// it is much; else the committer does when it has nothing left, and what came until then is one piece of work.
  void wake(std::size_t records) noexcept;
  /// Whatever it has to do.
  void wake_now() noexcept { lane_.shard.unpark(); }

  /// The thread's body: until `stop` is set and nothing is left. Wake it after setting `stop`.
  void run(const std::atomic<bool>& stop);
  /// One bounded step: some batches of every ring, then the open block if the committer waits for it. False: nothing
  /// done.
  bool run_once();
  /// Whether run_once() would find something to do. The shard thread, or none running.
  [[nodiscard]] bool has_work() const noexcept;

  struct Counters {
    std::array<std::atomic<std::uint64_t>, kErrcCount> rejected{};  ///< By Errc.
    std::atomic<std::uint64_t> replays{0};
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t ring_depth() const noexcept;

 private:
  void begin(Batch& batch);
  void open_key(Batch& batch);
  void replay(Batch& batch, const IdempotencyAnswer& answer);
  void refuse(Batch& batch, Errc status);
  [[nodiscard]] bool advance();
  [[nodiscard]] bool advance_each();
  [[nodiscard]] bool advance_atomic();
  void store(ScoreRecord& record, const CheckedRecord& checked, RecordOutcome& outcome);
  void reject(RecordOutcome& outcome, Errc code);
  [[nodiscard]] std::uint32_t record_at(std::uint32_t position) const noexcept;
  void close_part(bool last);
  [[nodiscard]] bool hand_over();
  [[nodiscard]] bool lane_full() const noexcept { return lane_.ring.size_approx() >= lane_.ring.capacity(); }

  const std::size_t index_;
  const Clock age_clock_;  // Says how old an answer is.
  HandoverLane& lane_;
  CommitterSignal& signal_;
  std::vector<std::unique_ptr<SpscRing<Batch*>>> rings_;  // One per io thread.
  std::size_t next_ring_ = 0;

  RecordChecker checker_;
  IdempotencyTable idempotency_;
  BlockBuilder block_;
  std::unique_ptr<Handover> open_;  // Never null: the parts of the open block.

  // The batch being worked on; it stays when the committer's ring is full.
  Batch* batch_ = nullptr;
  bool stores_ = false;
  std::shared_ptr<IdempotencyAnswer> answer_;
  std::uint32_t at_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t part_begin_ = 0;
  std::vector<CheckedRecord> atomic_;  // Checked records of an atomic batch; capacity is kept.
  Counters counters_;
};

}  // namespace sluice
