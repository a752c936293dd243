#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/model/catalogue.h"
#include "engine/model/score_record.h"

/// The scores of one request on their way through the engine. Owned by the connection's exchange; lent to the engine
/// from IngestEngine::submit (accepted) until Completion::deliver, and completed exactly once. While lent, only the
/// engine touches it, and the body and arena its records borrow from must not change.

namespace sluice {

/// What became of one record. Written by the shard (verdict, slot) and the committer (block).
struct RecordOutcome {
  Errc code = Errc::ok;  ///< ok: stored (or, in a dry run, would have been).
  std::uint16_t slot = 0;
  LabelNumber label = 0;  ///< The label found, where one was: for texts and ids.
  std::uint64_t block = 0;
  [[nodiscard]] bool stored() const noexcept { return code == Errc::ok; }
};

struct BatchOptions {
  bool dry_run = false;  ///< Check everything, store nothing.
  bool atomic = false;   ///< All or none; at most limits::kAtomicRows records of kAtomicBytes.
};

/// Scoped to key id and route by whoever fills it in.
struct IdempotencyRequest {
  Hash128 key;     ///< Keyed hash of (key id, route, header text).
  Hash128 digest;  ///< Keyed hash of the request (query and body).
};

class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();  ///< Checks that it is not lent.

  /// Ready for the next request: keeps capacity.
  void reset() noexcept;
  /// As reset(), and keeps nothing.
  void free() noexcept;
  /// What reset() keeps: grows with the largest request.
  [[nodiscard]] std::size_t kept_bytes() const noexcept;

  // Filled by the dialect and the transport before submit.
  Principal principal;
  DialectCode dialect = DialectCode::native;
  BatchOptions options;
  std::optional<IdempotencyRequest> idempotency;
  /// Not to be changed between a submit that was refused and the next try: their bytes are counted once.
  /// Empty: a barrier behind catalogue changes. It holds no scores, so only a full ring keeps it out; a connection has
  /// one at a time, which bounds them.
  std::vector<ScoreRecord> records;
  std::size_t io_thread = 0;
  void* owner =
      nullptr;  ///< The submitter's own: finds the connection again on delivery. The engine never looks at it.

  // Filled by the engine.
  /// ok: see outcomes. Otherwise nothing of the batch is stored: idempotency_mismatch, idempotency_in_flight,
  /// overloaded, disk_full, stopping, atomic_too_large; or nobody knows: outcome_unknown.
  Errc status = Errc::ok;
  /// As long as records, when status is ok. A batch too large for one group may be refused in part: those records carry
  /// overloaded or disk_full.
  std::vector<RecordOutcome> outcomes;
  WallTime inserted_at = 0;  ///< Of the group (of the first answer, for a replay).
  bool replayed = false;     ///< The Idempotency-Key was seen before; outcomes are the first answer's.

 private:
  friend class IngestEngine;
  friend class Shard;
  friend class Committer;
  friend class EngineTestPeer;
  std::atomic<std::uint32_t> parts_left_{0};
  std::atomic<bool> lent_{false};
  /// With several shards: record indexes grouped by shard, and where each shard's run begins. Empty with one shard.
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> run_begins_;
  std::size_t row_bytes_ = 0;  ///< Of the records as rows, about. 0: not counted yet.
  std::size_t bytes_ = 0;      ///< Admitted, returned on completion.
  Errc refused_ = Errc::ok;    ///< Why the log refused a group with records of this batch.
};

}  // namespace sluice
