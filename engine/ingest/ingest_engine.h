#pragma once

#include <cstddef>
#include <memory>

#include "engine/base/histogram.h"
#include "engine/ingest/batch.h"
#include "engine/ports/completion.h"
#include "engine/ports/record_log.h"

/// Takes batches from the io threads, checks and encodes them on the shards, commits them in groups, and hands them
/// back after the group's fsync. Threads: submit() from io thread i only with batches whose io_thread is i; start() and
/// stop() from main; metrics() from any thread. The engine owns its shard and committer threads.

namespace sluice {

struct EngineOptions {
  std::size_t io_threads = 1;
  std::size_t shards = 1;            ///< Also the number of shard threads.
  std::size_t ring_slots = 0;        ///< 0: limits::kRingSlots.
  std::size_t scores_in_flight = 0;  ///< 0: limits::kScoresInFlight.
  std::size_t bytes_in_flight = 0;   ///< Of these scores, with their rows. 0: limits::kBodyBytesInFlight.
};

/// Relaxed counters, written by one thread each, summed for a reading.
struct EngineMetrics {
  std::uint64_t scores_committed = 0;
  std::uint64_t groups = 0;
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;                          ///< Of blocks.
  std::uint64_t rejected_by_code[kErrcCount] = {};  ///< Indexed by Errc.
  std::uint64_t idempotent_replays = 0;
  std::uint64_t scores_in_flight = 0;
  std::uint64_t ring_depth = 0;
  std::uint64_t ring_capacity = 0;
  std::uint64_t commit_sequence = 0;
  const Histogram* commit_duration = nullptr;  ///< append(): write and sync.
  const Histogram* group_scores = nullptr;     ///< Scores per group (unit: one, not ns).
};

class IngestEngine {
 public:
  IngestEngine(const EngineOptions& options, const KeyedHash& keys, Catalogue& catalogue, RecordLog& log,
               Completion& completion);
  ~IngestEngine();

  /// Continues from the log's tail and its idempotency entries. Throws on a log that cannot be continued.
  void start(std::vector<IdempotencyEntry> idempotency);

  enum class Admission : std::uint8_t {
    accepted,   ///< The batch is lent until delivered.
    full,       ///< Untouched; try again when deliveries came, or answer 429.
    over_share, ///< Untouched; as full, but only for this workspace: others need not wait behind it.
    disk_full,  ///< Untouched; 507.
    stopping,   ///< Untouched; 503.
  };
  /// Any thread, cheap: a batch of this workspace would most likely be refused (full or over_share).
  [[nodiscard]] bool crowded(WorkspaceNumber workspace) const noexcept;
  /// What a barrier would be told, asked before the catalogue change that it is to make durable. After `accepted` there
  /// is room for the next batch of the same io thread, if that is a barrier. From io thread `io_thread`, cheap.
  [[nodiscard]] Admission room_for_barrier(std::size_t io_thread) const noexcept;
  /// Whether an accepted batch wakes a sleeping shard at once, or only the submitter's next wake() does: one futex call
  /// and one switch of threads for many small batches.
  enum class Wake { now, later };
  /// All parts of the batch or none. Never blocks.
  [[nodiscard]] Admission submit(Batch& batch, Wake wake = Wake::now);
  /// After submissions with Wake::later. Any thread.
  void wake() noexcept;

  /// Stops taking batches, commits and delivers everything taken, joins the threads. Idempotent.
  void stop();

  [[nodiscard]] EngineMetrics metrics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
