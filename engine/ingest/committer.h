#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/histogram.h"
#include "engine/ingest/admission_ledger.h"
#include "engine/ingest/handover.h"
#include "engine/ingest/record_checker.h"
#include "engine/ports/completion.h"
#include "engine/ports/record_log.h"

/// Makes groups of what the shards hand over, writes each with one synced write, and completes the batches.
///
/// The outcome of a group decides for its batches: durable → their outcomes name the block; refused → the records (or
/// the batches, when nothing else of them is stored) carry overloaded or disk_full, and the group's block sequences and
/// catalogue records are used again; unknown → outcome_unknown, for these and every later batch, and nothing is
/// appended any more. Threads: run() or run_once() belong to the committer thread; counters and failed() may be read
/// from any thread.

namespace sluice {

class Committer {
 public:
  /// `age_clock` decides when an answer is too old to be kept; see settled_wall_now().
  Committer(std::span<HandoverLane* const> lanes, CommitterSignal& signal, Catalogue& catalogue, RecordLog& log,
            Completion& completion, AdmissionLedger& admission, std::size_t io_threads, Clock clock,
            Clock age_clock);

  /// Start-up: where the log stands, and whether it holds idempotency entries that will expire.
  void start(const LogTail& tail, bool has_idempotency);

  /// The thread's body: until `stop` is set and nothing is left. Wake the signal's parker after setting `stop`.
  void run(const std::atomic<bool>& stop);
  /// One group. False: there was nothing to commit; the shards are asked for their open blocks.
  bool run_once();
  /// Writes catalogue changes that no batch waits for (shutdown).
  void flush_catalogue();

  /// The log's state is unknown since a failed sync.
  [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }

  struct Counters {
    std::atomic<std::uint64_t> scores{0}, groups{0}, blocks{0}, bytes{0}, commit_sequence{0};
    std::array<std::atomic<std::uint64_t>, kErrcCount> refused{};  ///< Batches, by status.
    Histogram append_duration;
    Histogram group_scores;
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  /// After a large group: waits until the next one may begin, so that rows gather for it.
  void let_gather(MonotonicTime began) const;
  [[nodiscard]] bool lanes_empty() const noexcept;
  void wake_shards() noexcept;
  void collect();
  void commit();
  void build_group();
  void add_answers();
  [[nodiscard]] Durability append();
  void mark_stored(const Handover& handover);
  void mark_refused(const Handover& handover, Errc code);
  void settle_answers(IdempotencyAnswer::State state);
  void complete_parts(Durability durability);
  void complete(Batch& batch, Durability durability);
  void deliver();
  [[nodiscard]] static std::uint32_t record_at(const Batch& batch, std::uint32_t position) noexcept;

  // Constant after construction.
  const std::vector<HandoverLane*> lanes_;
  CommitterSignal& signal_;
  Catalogue& catalogue_;
  RecordLog& log_;
  Completion& completion_;
  AdmissionLedger& admission_;
  const Clock clock_;
  const Clock age_clock_;

  // The committer thread's own.
  LogTail tail_;
  std::size_t next_lane_ = 0;
  std::vector<std::unique_ptr<Handover>> taken_;
  Group group_;
  std::size_t group_rows_ = 0;
  std::size_t group_bytes_ = 0;
  std::vector<CatalogueEntry> catalogue_left_;  // Drained and not yet durable.
  struct Answered {
    std::shared_ptr<IdempotencyAnswer> answer;
    bool written = false;  // An entry in this group.
  };
  std::vector<Answered> answers_;
  bool has_idempotency_ = false;
  WallTime last_expiry_ = 0;
  std::vector<std::vector<Batch*>> done_;  // Per io thread.

  // Readable from any thread.
  std::atomic<bool> failed_{false};
  Counters counters_;
};

}  // namespace sluice
