#include "engine/ingest/shard.h"

#include <algorithm>

#include "engine/base/planted_bug.h"

namespace sluice {
namespace {

/// Per ring and step, so that no io thread waits long behind another.
constexpr std::size_t kBatchesPerTurn = 32;
/// Worth waking for while the committer is still busy with others: encoding as much takes as long as a few wake-ups.
/// Left for the committer however large, four connections with batches of 1000 stored a tenth less; woken for each
/// however small, a score at half of capacity cost a twentieth more (bench/README.md).
constexpr std::size_t kManyBatches = 4;
constexpr std::size_t kManyRecords = 256;

/// One writer: a plain load and store is enough and cheaper than a locked add.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

Shard::Shard(std::size_t index, std::size_t io_threads, std::size_t ring_slots, const KeyedHash& keys,
             Catalogue& catalogue, HandoverLane& lane, CommitterSignal& signal, Clock clock, Clock age_clock)
    : index_(index),
      age_clock_(age_clock),
      lane_(lane),
      signal_(signal),
      checker_(catalogue, clock),
      idempotency_(limits::kIdempotencyEntries, limits::kIdempotencyBytes),
      block_(keys),
      open_(std::make_unique<Handover>()) {
  for (std::size_t i = 0; i < io_threads; ++i) rings_.push_back(std::make_unique<SpscRing<Batch*>>(ring_slots));
}

void Shard::run(const std::atomic<bool>& stop) {
  for (;;) {
    if (run_once()) continue;
    lane_.shard.announce();
    if (has_work()) {
      lane_.shard.cancel();
    } else if (stop.load(std::memory_order_acquire)) {  // Pairs with the engine's release store in stop().
      lane_.shard.cancel();
      return;
    } else {
      lane_.shard.park();
    }
  }
}

void Shard::wake(std::size_t records) noexcept {
  lane_.has_left.store(true, std::memory_order_seq_cst);
  // A ring that holds fewer is full before.
  const std::size_t many = std::min(kManyBatches, rings_.front()->capacity());
  if (signal_.hungry.load(std::memory_order_seq_cst) || records >= kManyRecords || ring_depth() >= many) wake_now();
}

bool Shard::run_once() {
  // Before it looks: what is pushed later sets it again. Acquire: what was pushed before is seen.
  if (lane_.has_left.load(std::memory_order_relaxed)) lane_.has_left.exchange(false, std::memory_order_acq_rel);
  bool progress = false;
  if (batch_ != nullptr) {
    if (!advance()) return false;
    progress = true;
  }
  bool drained = true;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    SpscRing<Batch*>& ring = *rings_[next_ring_];
    next_ring_ = (next_ring_ + 1) % rings_.size();
    std::size_t taken = 0;
    for (Batch* batch = nullptr; taken < kBatchesPerTurn && ring.try_pop(batch); ++taken) {
      progress = true;
      begin(*batch);
      if (!advance()) return true;
    }
    drained = drained && taken < kBatchesPerTurn;
  }
  if (block_.full()) {
    progress |= hand_over();
  } else if (drained && !open_->parts.empty() && signal_.hungry.load(std::memory_order_seq_cst)) {
    progress |= hand_over();
  }
  return progress;
}

bool Shard::has_work() const noexcept {
  if (batch_ != nullptr) return !lane_full();
  if (ring_depth() != 0) return true;
  if (open_->parts.empty() || lane_full()) return false;
  return block_.full() || signal_.hungry.load(std::memory_order_seq_cst);
}

std::size_t Shard::ring_depth() const noexcept {
  std::size_t depth = 0;
  for (const auto& ring : rings_) depth += ring->size_approx();
  return depth;
}

void Shard::begin(Batch& batch) {
  batch_ = &batch;
  const bool whole = batch.order_.empty();
  at_ = whole ? 0 : batch.run_begins_[index_];
  end_ = whole ? static_cast<std::uint32_t>(batch.records.size()) : batch.run_begins_[index_ + 1];
  part_begin_ = at_;
  stores_ = !batch.options.dry_run;
  answer_.reset();
  checker_.begin(batch);
  if (batch.options.atomic && (batch.records.size() > limits::kAtomicRows || batch.row_bytes_ > limits::kAtomicBytes)) {
    refuse(batch, Errc::atomic_too_large);
  } else if (batch.idempotency && !batch.options.dry_run) {
    open_key(batch);
  }
}

void Shard::open_key(Batch& batch) {
  IdempotencyTable::Lookup lookup = idempotency_.open(*batch.idempotency, age_clock_());
  switch (lookup.verdict) {
    case IdempotencyTable::Verdict::fresh:
      answer_ = std::move(lookup.answer);
      return;
    case IdempotencyTable::Verdict::replay:
      return replay(batch, *lookup.answer);
    case IdempotencyTable::Verdict::mismatch:
      return refuse(batch, Errc::idempotency_mismatch);
    case IdempotencyTable::Verdict::in_flight:
      return refuse(batch, Errc::idempotency_in_flight);
  }
}

void Shard::replay(Batch& batch, const IdempotencyAnswer& answer) {
  Hash128 digest;
  const auto decoded = decode_answer(answer.value, digest, batch.outcomes);
  // Both were checked when the answer was made or loaded, and the digest covers the records.
  if (!decoded || batch.outcomes.size() != batch.records.size()) return refuse(batch, Errc::idempotency_mismatch);
  batch.inserted_at = answer.inserted_at;
  batch.replayed = true;
  at_ = end_;
  stores_ = false;
  add(counters_.replays, 1);
}

void Shard::refuse(Batch& batch, Errc status) {
  batch.status = status;
  at_ = end_;
  stores_ = false;
}

bool Shard::advance() {
  const bool atomic = batch_->options.atomic && at_ != end_;
  if (atomic ? !advance_atomic() : !advance_each()) return false;
  close_part(true);
  batch_ = nullptr;
  return true;
}

bool Shard::advance_each() {
  CheckedRecord checked;
  for (; at_ < end_; ++at_) {
    if (block_.full() && !hand_over()) return false;
    const std::uint32_t index = record_at(at_);
    ScoreRecord& record = batch_->records[index];
    RecordOutcome& outcome = batch_->outcomes[index];
    const Errc code = checker_.check(record, checked);
    outcome.label = checked.label;
    if (code != Errc::ok) {
      reject(outcome, code);
    } else if (stores_ && !(planted("drop_last_line") && at_ > 0 && at_ + 1 == end_)) {
      store(record, checked, outcome);
    }
  }
  return true;
}

bool Shard::advance_atomic() {
  // First the room, so that nothing of the batch has to be undone when the committer is behind.
  const std::size_t count = end_ - at_;
  if (stores_ && block_.rows() > 0 && !block_.fits(count, batch_->row_bytes_) && !hand_over()) return false;
  atomic_.resize(count);
  std::size_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = record_at(at_ + static_cast<std::uint32_t>(i));
    RecordOutcome& outcome = batch_->outcomes[index];
    const Errc code = checker_.check(batch_->records[index], atomic_[i]);
    outcome.label = atomic_[i].label;
    if (code == Errc::ok) continue;
    reject(outcome, code);
    ++bad;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = record_at(at_ + static_cast<std::uint32_t>(i));
    RecordOutcome& outcome = batch_->outcomes[index];
    if (outcome.code != Errc::ok) continue;
    if (bad > 0) {
      reject(outcome, Errc::atomic_sibling);
    } else if (stores_) {
      store(batch_->records[index], atomic_[i], outcome);
    }
  }
  at_ = end_;
  return true;
}

void Shard::store(ScoreRecord& record, const CheckedRecord& checked, RecordOutcome& outcome) {
  RowContext context;
  context.workspace = batch_->principal.workspace;
  context.annotator = record.annotator.value_or(batch_->principal.annotator);
  context.dialect = batch_->dialect;
  context.label = checked.label;
  if (batch_->idempotency) context.idempotency = batch_->idempotency->key;
  outcome.slot = block_.add(record, checked.value, context);
  ++open_->rows;
}

void Shard::reject(RecordOutcome& outcome, Errc code) {
  outcome.code = code;
  add(counters_.rejected[static_cast<std::size_t>(code)], 1);
}

std::uint32_t Shard::record_at(std::uint32_t position) const noexcept {
  return batch_->order_.empty() ? position : batch_->order_[position];
}

void Shard::close_part(bool last) {
  if (open_->parts.empty()) lane_.has_open.store(true, std::memory_order_seq_cst);
  open_->parts.push_back({batch_, part_begin_, at_, last, stores_, last ? std::move(answer_) : nullptr});
  part_begin_ = at_;
}

bool Shard::hand_over() {
  if (lane_full()) return false;
  if (batch_ != nullptr && part_begin_ < at_) close_part(false);
  if (open_->rows > 0) block_.finish(open_->bytes, open_->postings);
  const bool pushed = lane_.ring.try_push(std::move(open_));
  SLUICE_CHECK(pushed);  // The only producer saw room.
  open_ = std::make_unique<Handover>();
  lane_.has_open.store(false, std::memory_order_relaxed);
  signal_.committer.unpark();
  return true;
}

}  // namespace sluice
