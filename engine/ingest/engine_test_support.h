#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/ingest/committer.h"
#include "engine/ingest/ingest_engine.h"
#include "engine/ingest/memory_log.h"
#include "engine/ingest/shard.h"

/// What the tests of engine/ingest and engine/read share. Test-only.

namespace sluice {

/// Lends batches without an engine, for tests that step shards and committer by hand.
class EngineTestPeer {
 public:
  static std::size_t admitted_bytes(const Batch& batch) { return batch.bytes_; }
  static void lend(Batch& batch, const KeyedHash& keys) {
    batch.outcomes.assign(batch.records.size(), RecordOutcome{});
    for (ScoreRecord& record : batch.records) {
      record.source_hash = source_hash(keys, batch.principal.workspace, record.source);
    }
    batch.parts_left_.store(1);
    batch.lent_.store(true);
  }
};

inline const KeyedHash& test_keys() {
  static const KeyedHash keys(KeyedHash::Key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  return keys;
}

/// Remembers what was delivered, and wakes who waits for it.
class CollectingCompletion final : public Completion {
 public:
  void deliver(std::size_t io_thread, std::span<Batch* const> batches) noexcept override {
    const std::lock_guard lock(mutex_);
    ++deliveries_;
    for (Batch* batch : batches) {
      SLUICE_CHECK(batch->io_thread == io_thread);
      delivered_.push_back(batch);
      ++count_[batch];
    }
    changed_.notify_all();
  }
  void deliver(std::size_t, ReadRequest* request) noexcept override {
    const std::lock_guard lock(mutex_);
    reads_.push_back(request);
    changed_.notify_all();
  }
  void fatal(const char*) noexcept override {
    const std::lock_guard lock(mutex_);
    ++fatal_;
    delivered_before_fatal_ = delivered_.size();
  }

  void wait_for(const Batch& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_[&batch] > 0; });
    count_[&batch] = 0;
  }
  void wait_for_reads(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reads_.size() >= count; });
  }
  [[nodiscard]] std::vector<Batch*> delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_;
  }
  [[nodiscard]] std::size_t deliveries() const {
    const std::lock_guard lock(mutex_);
    return deliveries_;
  }
  [[nodiscard]] std::size_t fatal_calls() const {
    const std::lock_guard lock(mutex_);
    return fatal_;
  }
  [[nodiscard]] std::size_t delivered_before_fatal() const {
    const std::lock_guard lock(mutex_);
    return delivered_before_fatal_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<Batch*> delivered_;
  std::map<const Batch*, std::size_t> count_;
  std::vector<ReadRequest*> reads_;
  std::size_t deliveries_ = 0;
  std::size_t fatal_ = 0;
  std::size_t delivered_before_fatal_ = 0;
};

/// Two workspaces with a key each, and labels of the first.
struct TestCatalogue {
  static constexpr WallTime kCreated = 1'700'000'000'000'000'000;

  TestCatalogue() {
    first = make_key("first", "k1");
    second = make_key("second", "k2");
    quality = make_label(first.workspace, "quality", LabelType::numeric, [](LabelRules& rules) {
      rules.min = Decimal{0, 0};
      rules.max = Decimal{1, 0};
    });
    topic = make_label(first.workspace, "topic", LabelType::text, [](LabelRules&) {});
    foreign = make_label(second.workspace, "quality", LabelType::numeric, [](LabelRules&) {});
  }

  Principal make_key(std::string workspace, std::string id) {
    CreateKey change;
    change.workspace_name = std::move(workspace);
    change.key_id = std::move(id);
    change.name = change.key_id;
    change.annotator_name = change.key_id;
    change.scopes = kIngest | kRead | kManage;
    return catalogue.apply(change, kCreated).value().key->principal();
  }
  template <class Fill>
  Label make_label(WorkspaceNumber workspace, std::string name, LabelType type, Fill fill) {
    CreateLabel change;
    change.workspace = workspace;
    change.type = type;
    change.name = std::move(name);
    change.settings_json = "{}";
    fill(change.rules);
    return *catalogue.apply(change, kCreated).value().label;
  }

  Catalogue catalogue;
  Principal first;
  Principal second;
  Label quality;
  Label topic;
  Label foreign;
};

/// A batch that owns the texts its records borrow.
struct TestBatch {
  explicit TestBatch(const Principal& principal, std::size_t io_thread = 0) {
    batch.principal = principal;
    batch.io_thread = io_thread;
  }
  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }

  /// A numeric set of `label` on a trace.
  ScoreRecord& add(const Label& label, std::string source, std::string number) {
    ScoreRecord& record = batch.records.emplace_back();
    record.item = static_cast<std::uint32_t>(batch.records.size() - 1);
    record.source.spelling = SourceSpelling::trace;
    record.source.id = keep(std::move(source));
    record.label.kind = LabelRef::Kind::id;
    record.label.id = label.id;
    record.value.kind = ValueInput::Kind::number;
    record.value.text = keep(std::move(number));
    return record;
  }
  std::vector<Errc> codes() const {
    std::vector<Errc> out;
    for (const RecordOutcome& outcome : batch.outcomes) out.push_back(outcome.code);
    return out;
  }

  std::deque<std::string> texts;
  Batch batch;
};

/// One shard and the committer, stepped by hand under a clock the test moves.
class SteppedEngine {
 public:
  explicit SteppedEngine(Catalogue& catalogue, MemoryLog& memory_log, std::size_t io_threads = 1)
      : ledger(1'000'000, std::size_t{1} << 30),
        shard(0, io_threads, 64, test_keys(), catalogue, lane, signal, &now, &settled),
        committer(std::vector<HandoverLane*>{&lane}, signal, catalogue, memory_log, completion, ledger, io_threads,
                  &now, &settled) {
    committer.start(memory_log.tail(), false);
  }
  static WallTime now() { return clock + set_forward; }
  static WallTime settled() { return clock; }

  void lend(TestBatch& batch) { lend(batch.batch); }
  void lend(Batch& batch) {
    EngineTestPeer::lend(batch, test_keys());
    ledger.enter();
    const std::size_t scores = batch.records.size();
    if (scores != 0) {
      const auto verdict = ledger.try_take(batch.principal.workspace, scores, 0, 0.0);
      SLUICE_CHECK(verdict == AdmissionLedger::Verdict::taken);
    }
    Batch* pointer = &batch;
    const bool pushed = shard.ring(batch.io_thread).try_push(std::move(pointer));
    SLUICE_CHECK(pushed);
  }
  /// Until neither has anything to do.
  void settle() {
    for (bool progress = true; progress;) {
      progress = shard.run_once();
      progress |= committer.run_once();
      progress |= shard.has_work();
    }
  }
  void run(TestBatch& batch) { run(batch.batch); }
  void run(Batch& batch) {
    lend(batch);
    settle();
  }

  static inline WallTime clock = TestCatalogue::kCreated;
  static inline WallTime set_forward = 0;  // What the wall clock was set forward by, beside the time that passed.
  AdmissionLedger ledger;
  HandoverLane lane;
  CommitterSignal signal;
  CollectingCompletion completion;
  Shard shard;
  Committer committer;
};

}  // namespace sluice
