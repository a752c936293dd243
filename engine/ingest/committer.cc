#include "engine/ingest/committer.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice {
namespace {

constexpr WallTime kMicrosecond = 1000;
constexpr WallTime kExpiryEvery = WallTime{60} * 1'000'000'000;
// A group costs the same processor time however few rows are in it, so on a fast disk a stream of batches would spend
// more on writes than on rows. Acks beside 1.3 M scores/s, p50 of four turns: 0.92, 1.15, 0.93, 0.87 ms; with 0.3 ms
// 1.15, 1.00, 1.21, 1.44, with 0.2 1.18, 0.97, 0.90, 0.85. Doubled: acks are later by half of it; halved: more writes.
constexpr std::int64_t kGroupSpacingNs = 250'000;
// Below, clients wait for each answer in turn, and a pause would only slow them down.
constexpr std::size_t kManyRows = 64;
constexpr WallTime kAnswersKept = limits::kIdempotencyHours * 3600 * 1'000'000'000;

/// One writer: a plain load and store is enough.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

Committer::Committer(std::span<HandoverLane* const> lanes, CommitterSignal& signal, Catalogue& catalogue,
                     RecordLog& log, Completion& completion, AdmissionLedger& admission, std::size_t io_threads,
                     Clock clock, Clock age_clock)
    : lanes_(lanes.begin(), lanes.end()),
      signal_(signal),
      catalogue_(catalogue),
      log_(log),
      completion_(completion),
      admission_(admission),
      clock_(clock),
      age_clock_(age_clock),
      done_(io_threads) {}

void Committer::start(const LogTail& tail, bool has_idempotency) {
  tail_ = tail;
  has_idempotency_ = has_idempotency;
  counters_.commit_sequence.store(tail.last_commit_sequence, std::memory_order_relaxed);
}

void Committer::run(const std::atomic<bool>& stop) {
  for (;;) {
    if (run_once()) continue;
    signal_.committer.announce();
    wake_shards();
    if (!lanes_empty()) {
      signal_.committer.cancel();
    } else if (stop.load(std::memory_order_acquire)) {  // Pairs with the engine's release store in stop().
      signal_.committer.cancel();
      flush_catalogue();
      return;
    } else {
      signal_.committer.park();
    }
  }
}

bool Committer::run_once() {
  collect();
  if (taken_.empty()) {
    signal_.hungry.store(true, std::memory_order_seq_cst);
    return false;
  }
  signal_.hungry.store(false, std::memory_order_relaxed);
  const MonotonicTime began = monotonic_now();
  commit();
  let_gather(began);
  return true;
}

void Committer::let_gather(MonotonicTime began) const {
  if (group_rows_ < kManyRows) return;
  const std::int64_t left = kGroupSpacingNs - (monotonic_now() - began);
  if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
}

bool Committer::lanes_empty() const noexcept {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const HandoverLane* l) { return l->ring.size_approx() == 0; });
}

void Committer::wake_shards() noexcept {
  for (HandoverLane* lane : lanes_) {
    const bool has_open = lane->has_open.load(std::memory_order_seq_cst);
    if (has_open || lane->has_left.load(std::memory_order_seq_cst)) lane->shard.unpark();
  }
}

void Committer::collect() {
  taken_.clear();
  group_bytes_ = 0;
  std::size_t empty = 0;
  while (empty < lanes_.size() && group_bytes_ < limits::kGroupBytes) {
    HandoverLane& lane = *lanes_[next_lane_];
    next_lane_ = (next_lane_ + 1) % lanes_.size();
    std::unique_ptr<Handover> next;
    if (!lane.ring.try_pop(next)) {
      ++empty;
      continue;
    }
    empty = 0;
    group_bytes_ += next->bytes.size();
    taken_.push_back(std::move(next));
    lane.shard.unpark();  // It may have been waiting for room.
  }
}

void Committer::commit() {
  Durability durability = Durability::unknown;
  if (!failed()) {
    build_group();
    const bool nothing = group_.blocks.empty() && group_.catalogue.empty() && group_.idempotency.empty();
    durability = nothing ? Durability::durable : append();
  }
  settle_answers(durability == Durability::durable ? IdempotencyAnswer::State::done : IdempotencyAnswer::State::failed);
  if (durability == Durability::refused) {
    const Errc code = log_.disk_full() ? Errc::disk_full : Errc::overloaded;
    for (const auto& handover : taken_) mark_refused(*handover, code);
  }
  complete_parts(durability);
  deliver();
  taken_.clear();
}

/// Sequences first, then the catalogue: a change is in the same or an earlier write than the first row that carries it.
void Committer::build_group() {
  group_ = {};
  group_rows_ = 0;
  group_.commit_sequence = tail_.last_commit_sequence + 1;
  group_.inserted_at = std::max(tail_.last_inserted_at + kMicrosecond, clock_() / kMicrosecond * kMicrosecond);
  std::uint64_t sequence = tail_.last_block;
  for (const auto& handover : taken_) {
    if (handover->rows > 0) handover->sequence = ++sequence;
  }
  catalogue_.drain(catalogue_left_);
  group_.catalogue = catalogue_left_;  // A copy: a refused group's records go into the next one.
  for (const auto& handover : taken_) {
    if (handover->rows == 0) continue;
    seal_block(handover->bytes, group_.inserted_at, handover->sequence);
    group_.blocks.push_back({handover->sequence, std::make_shared<const std::string>(std::move(handover->bytes)),
                             std::move(handover->postings)});
    group_rows_ += handover->rows;
    mark_stored(*handover);
  }
  add_answers();
}

/// The answers of batches that end in this group; all their outcomes are known now, those of earlier groups too.
void Committer::add_answers() {
  answers_.clear();
  for (const auto& handover : taken_) {
    for (Part& part : handover->parts) {
      if (part.answer == nullptr) continue;
      const bool written = part.batch->refused_ == Errc::ok;
      if (written) {
        part.answer->value = encode_answer(part.answer->digest, part.batch->outcomes);
        part.answer->inserted_at = group_.inserted_at;
        group_.idempotency.push_back({idempotency_log_key(group_.inserted_at, part.answer->key), part.answer->value});
        has_idempotency_ = true;
      }
      answers_.push_back({part.answer, written});
    }
  }
  const WallTime now = std::min(group_.inserted_at, age_clock_());
  if (has_idempotency_ && now - last_expiry_ >= kExpiryEvery) {
    group_.idempotency_expired_before = idempotency_log_bound(now - kAnswersKept);
  }
}

Durability Committer::append() {
  const LogTail next{tail_.last_block + group_.blocks.size(), group_.commit_sequence, group_.inserted_at};
  const std::size_t blocks = group_.blocks.size();
  const bool expires = !group_.idempotency_expired_before.empty();
  const MonotonicTime begin = monotonic_now();
  const Durability durability = log_.append(group_);
  counters_.append_duration.record(monotonic_now() - begin);
  switch (durability) {
    case Durability::durable:
      tail_ = next;
      if (expires) last_expiry_ = std::min(next.last_inserted_at, age_clock_());
      catalogue_left_.clear();
      add(counters_.scores, group_rows_);
      add(counters_.groups, 1);
      add(counters_.blocks, blocks);
      add(counters_.bytes, group_bytes_);
      counters_.commit_sequence.store(next.last_commit_sequence, std::memory_order_relaxed);
      counters_.group_scores.record(static_cast<std::int64_t>(group_rows_));
      break;
    case Durability::refused:
      break;
    case Durability::unknown:
      failed_.store(true, std::memory_order_release);
      completion_.fatal("the log's last write may or may not be on disk");
      break;
  }
  return durability;
}

void Committer::mark_stored(const Handover& handover) {
  for (const Part& part : handover.parts) {
    if (!part.stores) continue;
    for (std::uint32_t i = part.begin; i < part.end; ++i) {
      RecordOutcome& outcome = part.batch->outcomes[record_at(*part.batch, i)];
      if (outcome.code == Errc::ok) outcome.block = handover.sequence;
    }
  }
}

void Committer::mark_refused(const Handover& handover, Errc code) {
  for (const Part& part : handover.parts) {
    Batch& batch = *part.batch;
    // Barriers wait for the catalogue, keys for their entry: both were lost with the group.
    bool lost = batch.records.empty() || part.answer != nullptr;
    for (std::uint32_t i = part.begin; part.stores && i < part.end; ++i) {
      RecordOutcome& outcome = batch.outcomes[record_at(batch, i)];
      if (outcome.code != Errc::ok) continue;
      outcome = {code, 0, outcome.label, 0};
      lost = true;
    }
    if (lost) batch.refused_ = code;
  }
}

void Committer::settle_answers(IdempotencyAnswer::State state) {
  if (failed()) {
    answers_.clear();
    for (const auto& handover : taken_) {
      for (const Part& part : handover->parts) {
        if (part.answer != nullptr) answers_.push_back({part.answer, false});
      }
    }
  }
  for (const Answered& answered : answers_) {
    // Release: pairs with the shard's acquire load; value and inserted_at are complete.
    answered.answer->state.store(answered.written ? state : IdempotencyAnswer::State::failed,
                                 std::memory_order_release);
  }
  answers_.clear();
}

void Committer::complete_parts(Durability durability) {
  for (const auto& handover : taken_) {
    for (const Part& part : handover->parts) {
      // Relaxed: only the committer counts down; submit's store reached it through the rings.
      if (part.last && part.batch->parts_left_.fetch_sub(1, std::memory_order_relaxed) == 1) {
        complete(*part.batch, durability);
      }
    }
  }
}

void Committer::complete(Batch& batch, Durability durability) {
  if (batch.status == Errc::ok && durability == Durability::unknown) {
    batch.status = Errc::outcome_unknown;
  } else if (batch.status == Errc::ok && batch.refused_ != Errc::ok) {
    const bool partly = std::any_of(batch.outcomes.begin(), batch.outcomes.end(),
                                    [](const RecordOutcome& o) { return o.code == Errc::ok && o.block != 0; });
    if (!partly) batch.status = batch.refused_;
  }
  if (batch.status != Errc::ok) {
    batch.outcomes.clear();
    add(counters_.refused[static_cast<std::size_t>(batch.status)], 1);
  }
  if (!batch.replayed) batch.inserted_at = group_.inserted_at;
  done_[batch.io_thread].push_back(&batch);
}

void Committer::deliver() {
  std::size_t delivered = 0;
  for (std::size_t io_thread = 0; io_thread < done_.size(); ++io_thread) {
    std::vector<Batch*>& batches = done_[io_thread];
    if (batches.empty()) continue;
    // A workspace's batches tend to come together: one return for each run of them.
    for (std::size_t i = 0; i < batches.size();) {
      const WorkspaceNumber workspace = batches[i]->principal.workspace;
      std::size_t scores = 0;
      std::size_t bytes = 0;
      for (; i < batches.size() && batches[i]->principal.workspace == workspace; ++i) {
        scores += batches[i]->records.size();
        bytes += batches[i]->bytes_;
        batches[i]->lent_.store(false, std::memory_order_relaxed);
      }
      if (scores != 0) admission_.give_back(workspace, scores, bytes);  // Barriers took nothing.
      delivered += scores;
    }
    const std::size_t count = batches.size();
    completion_.deliver(io_thread, batches);
    batches.clear();
    admission_.leave(count);
  }
  admission_.observe(delivered, monotonic_now());
}

void Committer::flush_catalogue() {
  if (failed()) return;
  taken_.clear();
  group_bytes_ = 0;
  build_group();
  if (!group_.catalogue.empty()) (void)append();  // Nobody waits for it; a refusal loses what no answer promised.
}

std::uint32_t Committer::record_at(const Batch& batch, std::uint32_t position) noexcept {
  return batch.order_.empty() ? position : batch.order_[position];
}

}  // namespace sluice
