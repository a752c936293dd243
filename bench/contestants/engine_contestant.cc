#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "bench/contestants/contestants.h"
#include "engine/ingest/ingest_engine.h"
#include "store/data_dir.h"
#include "store/store.h"

namespace sluice::bench {
namespace {

/// Finished batches, back to the one driving thread.
class Mailbox final : public Completion {
 public:
  void deliver(std::size_t, std::span<Batch* const> batches) noexcept override {
    const std::lock_guard lock(mutex_);
    done_.insert(done_.end(), batches.begin(), batches.end());
    arrived_.notify_one();
  }
  void deliver(std::size_t, ReadRequest*) noexcept override {}
  void fatal(const char* what) noexcept override { std::fprintf(stderr, "fatal: %s\n", what); }

  void take(std::vector<Batch*>& out) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !done_.empty(); });
    out.swap(done_);
    done_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Batch*> done_;
};

}  // namespace

int run_engine(const RunOptions& options) {
  const load::Plan plan(plan_options(options));
  const DataDir directory(options.data);
  const auto store = Store::open(directory, {});
  const KeyedHash keys(directory.hash_key());
  Catalogue catalogue;
  std::vector<IdempotencyEntry> idempotency;
  if (!store->log().load(catalogue, {}, idempotency)) throw std::runtime_error("cannot load the catalogue");
  CreateKey key;
  key.workspace_name = "default";
  key.key_id = "bench";
  key.annotator_name = "bench";
  key.scopes = kIngest;
  const auto created = catalogue.apply(key, wall_now());
  if (!created) throw std::runtime_error("cannot create a key");
  const Principal principal = created->key->principal();
  const std::vector<Uuid> labels = create_labels(catalogue, principal.workspace, plan);

  Mailbox mailbox;
  IngestEngine engine({}, keys, catalogue, store->log(), mailbox);
  engine.start({});

  std::vector<std::unique_ptr<PlannedBatch>> batches;
  std::vector<Batch*> idle;
  for (std::uint32_t i = 0; i < options.in_flight; ++i) {
    batches.push_back(std::make_unique<PlannedBatch>());
    idle.push_back(&batches.back()->batch);
  }
  const double driver_cpu_before = thread_cpu_seconds();
  const double cpu_before = process_cpu_seconds();
  const MonotonicTime started = monotonic_now();
  std::uint64_t next = 0, finished = 0, stored = 0, rejected = 0;
  std::vector<Batch*> done;
  while (finished < options.requests) {
    while (!idle.empty() && next < options.requests) {
      Batch* const batch = idle.back();
      for (auto& planned : batches)
        if (&planned->batch == batch) fill(*planned, plan, next, labels);
      batch->principal = principal;
      if (engine.submit(*batch) != IngestEngine::Admission::accepted) break;
      idle.pop_back();
      ++next;
    }
    mailbox.take(done);
    for (Batch* const batch : done) {
      if (batch->status != Errc::ok)
        throw std::runtime_error("a batch was refused: " + std::string(to_string(batch->status)));
      for (const RecordOutcome& outcome : batch->outcomes) ++(outcome.stored() ? stored : rejected);
      idle.push_back(batch);
      ++finished;
    }
  }
  const double seconds = static_cast<double>(monotonic_now() - started) * 1e-9;
  const double driver_cpu = thread_cpu_seconds() - driver_cpu_before;
  engine.stop();
  const MonotonicTime settling = monotonic_now();
  const bool settled = store->settle(120);
  const double drain_seconds = static_cast<double>(monotonic_now() - settling) * 1e-9;
  const double cpu = process_cpu_seconds() - cpu_before - driver_cpu;
  store->close();
  std::printf(
      "{\"contestant\":\"engine\",\"scores\":%lu,\"rejected\":%lu,\"seconds\":%.3f,\"scores_per_s\":%.0f,"
      "\"cpu_us_per_score\":%.3f,\"driver_us_per_score\":%.3f,\"drain_seconds\":%.2f,\"settled\":%s}\n",
      stored, rejected, seconds, static_cast<double>(stored) / seconds, cpu * 1e6 / static_cast<double>(stored),
      driver_cpu * 1e6 / static_cast<double>(stored), drain_seconds, settled ? "true" : "false");
  return 0;
}

int run_sum(const RunOptions& options) {
  const DataDir directory(options.data);
  const auto store = Store::open(directory, {});
  const auto view = store->reader().view();
  std::uint64_t count = 0, sum = 0;
  RowScratch scratch;
  for (std::uint64_t sequence = 1; sequence <= view->last_block(); ++sequence) {
    const auto ref = view->block(sequence);
    if (!ref) throw std::runtime_error("block " + std::to_string(sequence) + " cannot be read");
    const auto block = BlockView::open(ref->bytes);
    if (!block) throw std::runtime_error("block " + std::to_string(sequence) + " is damaged");
    for (std::uint16_t slot = 0; slot < block->rows(); ++slot) {
      Row row;
      if (!block->row(slot, row, scratch)) throw std::runtime_error("a row is damaged");
      if (row.kind != EventKind::set) continue;
      sum += source_sum(row.source.id);
      ++count;
    }
  }
  std::printf("{\"count\":%lu,\"checksum\":\"%016lx\"}\n", count, sum);
  return 0;
}

}  // namespace sluice::bench
