#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/ingest/batch.h"
#include "engine/ports/record_log.h"

/// Request-level Idempotency-Keys: what was answered, for limits::kIdempotencyHours.
///
/// Bytes of an entry in the log (its records are written in the same group as the batch's last rows):
///   key    'i' ‖ insert time of that group, u64 big endian ‖ key hash high, low, u64 big endian
///   value  version 1, one byte ‖ request digest high, low, u64 little endian ‖ number of records, varint ‖ runs
///   run    length, varint (> 0) ‖ label, varint ‖ name of the outcome code, text ‖ for "ok": block, varint; first
///   slot, varint
/// A run is a stretch of records with the same code, label and block whose slots follow each other. Codes are written
/// by name because their numbers may change between versions. Label 0: none was found.

namespace sluice {

/// One key's answer, shared by the shard that owns the key and the committer that makes the answer durable.
struct IdempotencyAnswer {
  enum class State : std::uint8_t { in_flight, done, failed };
  /// The committer writes value and inserted_at, then stores `done` with release; the shard's acquire load sees them
  /// whole.
  std::atomic<State> state{State::in_flight};
  Hash128 key;
  Hash128 digest;
  std::string value;
  WallTime inserted_at = 0;
};

[[nodiscard]] std::string idempotency_log_key(WallTime inserted_at, const Hash128& key);
/// The bound below which every entry is older than `time`.
[[nodiscard]] std::string idempotency_log_bound(WallTime time);
[[nodiscard]] std::string encode_answer(const Hash128& digest, const std::vector<RecordOutcome>& outcomes);
/// Errors: corrupt, format_too_new. `outcomes` is filled only on success.
[[nodiscard]] Result<void> decode_answer(std::string_view value, Hash128& digest, std::vector<RecordOutcome>& outcomes);
/// A loaded log entry as a finished answer. Errors: corrupt, format_too_new.
[[nodiscard]] Result<std::shared_ptr<IdempotencyAnswer>> load_answer(const IdempotencyEntry& entry);

/// Threads: one owning shard; the answers inside are shared as IdempotencyAnswer says.
class IdempotencyTable {
 public:
  IdempotencyTable(std::size_t entries_max, std::size_t bytes_max) : entries_max_(entries_max), bytes_max_(bytes_max) {}

  enum class Verdict : std::uint8_t { fresh, replay, mismatch, in_flight };
  struct Lookup {
    Verdict verdict = Verdict::fresh;
    std::shared_ptr<IdempotencyAnswer>
        answer;  ///< fresh: to be settled by the committer; replay: the answer to repeat.
  };
  /// Opens the key, or says what became of it. `now` decides expiry.
  [[nodiscard]] Lookup open(const IdempotencyRequest& request, WallTime now);
  /// Start-up, oldest first.
  void load(std::shared_ptr<IdempotencyAnswer> answer);
  [[nodiscard]] std::size_t size() const noexcept { return answers_.size(); }

 private:
  struct HashOf {
    std::size_t operator()(const Hash128& key) const noexcept { return key.low; }  // Already a keyed hash.
  };
  struct Queued {
    std::shared_ptr<IdempotencyAnswer> answer;
    std::size_t bytes = 0;  // Counted in bytes_; set when the answer was seen settled.
  };
  void remember(std::shared_ptr<IdempotencyAnswer> answer);
  void count_settled();
  void drop_oldest();
  void evict(WallTime now);

  const std::size_t entries_max_;
  const std::size_t bytes_max_;
  std::unordered_map<Hash128, std::shared_ptr<IdempotencyAnswer>, HashOf> answers_;
  std::deque<Queued> oldest_first_;
  std::size_t settled_ = 0;  // How many at the front of oldest_first_ have their bytes counted.
  std::size_t bytes_ = 0;
};

}  // namespace sluice
