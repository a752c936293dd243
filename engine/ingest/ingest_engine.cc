#include "engine/ingest/ingest_engine.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>

#include "engine/base/thread_name.h"
#include "engine/ingest/admission_ledger.h"
#include "engine/ingest/committer.h"
#include "engine/ingest/shard.h"

namespace sluice {
namespace {

/// A row's bytes besides its texts, at most about.
constexpr std::size_t kRowOverhead = 64;
/// Memory a record in flight holds besides its row.
constexpr std::size_t kRecordBytes = sizeof(ScoreRecord) + sizeof(RecordOutcome);

std::size_t row_bytes(const ScoreRecord& r) noexcept {
  std::size_t bytes = kRowOverhead + r.source.id.size() + r.parent.id.size() + r.value.text.size() + r.verdict.size() +
                      r.notes.size() + r.client_id.size() + r.queue_item.size() + r.metadata.size();
  for (const std::string_view option : r.value.list) bytes += option.size();
  return bytes;
}

std::vector<HandoverLane*> pointers(std::vector<std::unique_ptr<HandoverLane>>& lanes) {
  std::vector<HandoverLane*> out;
  for (const auto& lane : lanes) out.push_back(lane.get());
  return out;
}

}  // namespace

struct IngestEngine::State {
  State(const EngineOptions& options, const KeyedHash& hash_keys, Catalogue& catalogue, RecordLog& record_log,
        Completion& completion);

  [[nodiscard]] std::size_t shard_of(std::uint64_t source_hash) const noexcept {
    return static_cast<std::size_t>(source_hash >> 32) % shards.size();
  }
  void prepare(Batch& batch) const;
  [[nodiscard]] bool push(Batch& batch, Wake wake);
  [[nodiscard]] bool push_whole(Batch& batch, std::size_t shard, Wake wake);
  [[nodiscard]] bool push_split(Batch& batch);

  const KeyedHash& keys;
  RecordLog& log;
  const std::size_t io_threads;
  AdmissionLedger admission;
  CommitterSignal signal;
  std::vector<std::unique_ptr<HandoverLane>> lanes;
  std::vector<std::unique_ptr<Shard>> shards;
  Committer committer;

  std::atomic<bool> stopping{true};  ///< Until start().
  std::atomic<bool> stop_shards{false};
  std::atomic<bool> stop_committer{false};
  std::vector<std::thread> shard_threads;
  std::thread committer_thread;

 private:
  static std::vector<std::unique_ptr<HandoverLane>> make_lanes(std::size_t count);
};

std::vector<std::unique_ptr<HandoverLane>> IngestEngine::State::make_lanes(std::size_t count) {
  std::vector<std::unique_ptr<HandoverLane>> made(count);
  for (auto& lane : made) lane = std::make_unique<HandoverLane>();
  return made;
}

IngestEngine::State::State(const EngineOptions& options, const KeyedHash& hash_keys, Catalogue& catalogue,
                           RecordLog& record_log, Completion& completion)
    : keys(hash_keys),
      log(record_log),
      io_threads(options.io_threads),
      admission(options.scores_in_flight != 0 ? options.scores_in_flight : limits::kScoresInFlight,
                options.bytes_in_flight != 0 ? options.bytes_in_flight : limits::kBodyBytesInFlight),
      lanes(make_lanes(options.shards)),
      committer(pointers(lanes), signal, catalogue, record_log, completion, admission, options.io_threads, &wall_now,
                &settled_wall_now) {
  SLUICE_CHECK(options.io_threads > 0 && options.shards > 0);
  const std::size_t slots = options.ring_slots != 0 ? options.ring_slots : limits::kRingSlots;
  for (std::size_t i = 0; i < options.shards; ++i) {
    shards.push_back(std::make_unique<Shard>(i, io_threads, slots, keys, catalogue, *lanes[i], signal, &wall_now,
                                             &settled_wall_now));
  }
}

/// What the shards and the committer need to find in a batch, whatever shard it goes to.
void IngestEngine::State::prepare(Batch& batch) const {
  batch.status = Errc::ok;
  batch.outcomes.assign(batch.records.size(), RecordOutcome{});
  batch.inserted_at = 0;
  batch.replayed = false;
  batch.refused_ = Errc::ok;
  batch.order_.clear();
  batch.run_begins_.clear();
  for (ScoreRecord& record : batch.records) {
    record.source_hash = source_hash(keys, batch.principal.workspace, record.source);
    if (batch.idempotency && record.kind == EventKind::set && record.identity == IdentityKind::positional) {
      record.identity = IdentityKind::idempotency;
    }
  }
}

bool IngestEngine::State::push(Batch& batch, Wake wake) {
  if (batch.records.empty() || shards.size() == 1) return push_whole(batch, 0, wake);
  if (batch.idempotency) return push_whole(batch, shard_of(batch.idempotency->key.high), wake);
  if (batch.options.atomic || batch.records.size() == 1) {
    return push_whole(batch, shard_of(batch.records.front().source_hash), wake);
  }
  return push_split(batch);
}

bool IngestEngine::State::push_whole(Batch& batch, std::size_t shard, Wake wake) {
  batch.parts_left_.store(1, std::memory_order_relaxed);
  const std::size_t records = batch.records.size();  // Once pushed, it may be completed under our hands.
  if (!shards[shard]->ring(batch.io_thread).try_push(&batch)) return false;
  if (wake == Wake::now) shards[shard]->wake(records);
  return true;
}

/// Groups the records by shard (a counting sort: their order within a shard stays) and pushes to all or none. This io
/// thread is the only producer of these rings, so room that was seen cannot go away.
bool IngestEngine::State::push_split(Batch& batch) {
  std::vector<std::uint32_t>& begins = batch.run_begins_;
  begins.assign(shards.size() + 1, 0);
  for (const ScoreRecord& record : batch.records) ++begins[shard_of(record.source_hash) + 1];
  std::uint32_t parts = 0;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    if (begins[s + 1] == 0) continue;
    ++parts;
    const auto& ring = shards[s]->ring(batch.io_thread);
    if (ring.size_approx() >= ring.capacity()) return false;
  }
  for (std::size_t s = 0; s < shards.size(); ++s) begins[s + 1] += begins[s];
  batch.order_.resize(batch.records.size());
  std::vector<std::uint32_t> next(begins.begin(), begins.end() - 1);
  for (std::uint32_t i = 0; i < batch.records.size(); ++i) {
    batch.order_[next[shard_of(batch.records[i].source_hash)]++] = i;
  }
  batch.parts_left_.store(parts, std::memory_order_relaxed);
  // From the first push on the batch may be completed under our hands by a shard that got all its parts: only `parts`
  // and a copy of the runs are used below.
  std::vector<std::uint32_t> parts_records(shards.size());
  for (std::size_t s = 0; s < shards.size(); ++s) parts_records[s] = begins[s + 1] - begins[s];
  const std::size_t io_thread = batch.io_thread;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    if (parts_records[s] == 0) continue;
    const bool pushed = shards[s]->ring(io_thread).try_push(&batch);
    SLUICE_CHECK(pushed);
  }
  for (std::size_t s = 0; s < shards.size(); ++s) {
    if (parts_records[s] != 0) shards[s]->wake(parts_records[s]);
  }
  return true;
}

IngestEngine::IngestEngine(const EngineOptions& options, const KeyedHash& keys, Catalogue& catalogue, RecordLog& log,
                           Completion& completion)
    : state_(std::make_unique<State>(options, keys, catalogue, log, completion)) {}

IngestEngine::~IngestEngine() { stop(); }

void IngestEngine::start(std::vector<IdempotencyEntry> idempotency) {
  State& s = *state_;
  SLUICE_CHECK(!s.committer_thread.joinable());
  for (const IdempotencyEntry& entry : idempotency) {
    auto answer = load_answer(entry);
    if (!answer) {
      throw std::runtime_error("the log holds an Idempotency-Key entry that cannot be read: " +
                               std::string(to_string(answer.error().code)));
    }
    const std::size_t shard = s.shards.size() == 1 ? 0 : s.shard_of((*answer)->key.high);
    s.shards[shard]->load(std::move(*answer));
  }
  s.committer.start(s.log.tail(), !idempotency.empty());
  for (const auto& shard : s.shards) {
    s.shard_threads.emplace_back([&s, runs = shard.get()] { runs->run(s.stop_shards); });
    name_thread(s.shard_threads.back(), "shard");
  }
  s.committer_thread = std::thread([&s] { s.committer.run(s.stop_committer); });
  name_thread(s.committer_thread, "committer");
  s.stopping.store(false, std::memory_order_seq_cst);
}

bool IngestEngine::crowded(WorkspaceNumber workspace) const noexcept {
  return state_->admission.crowded(workspace, state_->log.pressure());
}

IngestEngine::Admission IngestEngine::submit(Batch& batch, Wake wake) {
  State& s = *state_;
  SLUICE_CHECK(batch.io_thread < s.io_threads);
  SLUICE_CHECK(!batch.lent_.load(std::memory_order_relaxed));
  s.admission.enter();
  const auto leave_with = [&s](Admission answer) {
    s.admission.leave(1);
    return answer;
  };
  if (s.stopping.load(std::memory_order_seq_cst) || s.committer.failed()) return leave_with(Admission::stopping);
  if (s.log.disk_full()) return leave_with(Admission::disk_full);
  // Once, and not at every try: a batch that waits for room is tried again every few milliseconds.
  if (batch.row_bytes_ == 0) {
    for (const ScoreRecord& record : batch.records) batch.row_bytes_ += row_bytes(record);
  }
  const std::size_t scores = batch.records.size();
  const std::size_t bytes = batch.row_bytes_ + scores * kRecordBytes;
  const WorkspaceNumber workspace = batch.principal.workspace;
  // A barrier holds nothing, and the change before it is made: it is not turned away for want of room.
  const auto verdict = scores == 0 ? AdmissionLedger::Verdict::taken
                                   : s.admission.try_take(workspace, scores, bytes, s.log.pressure());
  switch (verdict) {
    case AdmissionLedger::Verdict::taken:
      break;
    case AdmissionLedger::Verdict::full:
      return leave_with(Admission::full);
    case AdmissionLedger::Verdict::over_share:
      return leave_with(Admission::over_share);
  }
  s.prepare(batch);
  batch.bytes_ = bytes;
  batch.lent_.store(true, std::memory_order_relaxed);
  if (s.push(batch, wake)) return Admission::accepted;
  batch.lent_.store(false, std::memory_order_relaxed);
  if (scores != 0) s.admission.give_back(workspace, scores, bytes);
  return leave_with(Admission::full);
}

IngestEngine::Admission IngestEngine::room_for_barrier(std::size_t io_thread) const noexcept {
  const State& s = *state_;
  if (s.stopping.load(std::memory_order_seq_cst) || s.committer.failed()) return Admission::stopping;
  if (s.log.disk_full()) return Admission::disk_full;
  if (AdmissionLedger::open_share(s.log.pressure()) <= 0.0) return Admission::full;
  const auto& ring = s.shards.front()->ring(io_thread);
  return ring.size_approx() < ring.capacity() ? Admission::accepted : Admission::full;
}

void IngestEngine::wake() noexcept {
  for (const auto& shard : state_->shards) shard->wake(0);
}

void IngestEngine::stop() {
  State& s = *state_;
  if (!s.committer_thread.joinable()) return;
  s.stopping.store(true, std::memory_order_seq_cst);
  wake();  // A submitter that still owes it may be gone.
  s.admission.wait_for_none();
  s.stop_shards.store(true, std::memory_order_release);
  for (const auto& shard : s.shards) shard->wake_now();
  for (std::thread& thread : s.shard_threads) thread.join();
  s.shard_threads.clear();
  s.stop_committer.store(true, std::memory_order_release);
  s.signal.committer.unpark();
  s.committer_thread.join();
}

EngineMetrics IngestEngine::metrics() const {
  const State& s = *state_;
  constexpr auto relaxed = std::memory_order_relaxed;
  EngineMetrics m;
  const Committer::Counters& committed = s.committer.counters();
  m.scores_committed = committed.scores.load(relaxed);
  m.groups = committed.groups.load(relaxed);
  m.blocks = committed.blocks.load(relaxed);
  m.bytes = committed.bytes.load(relaxed);
  m.commit_sequence = committed.commit_sequence.load(relaxed);
  m.commit_duration = &committed.append_duration;
  m.group_scores = &committed.group_scores;
  m.scores_in_flight = s.admission.scores();
  for (std::size_t code = 0; code < std::size(m.rejected_by_code); ++code) {
    m.rejected_by_code[code] = committed.refused[code].load(relaxed);
  }
  for (const auto& shard : s.shards) {
    for (std::size_t code = 0; code < std::size(m.rejected_by_code); ++code) {
      m.rejected_by_code[code] += shard->counters().rejected[code].load(relaxed);
    }
    m.idempotent_replays += shard->counters().replays.load(relaxed);
    m.ring_depth += shard->ring_depth();
    for (std::size_t i = 0; i < s.io_threads; ++i) m.ring_capacity += shard->ring(i).capacity();
  }
  return m;
}

}  // namespace sluice
