#include <thread>

#include <benchmark/benchmark.h>

#include "bench/contestants/contestants.h"
#include "engine/base/spsc_ring.h"
#include "engine/ingest/memory_log.h"
#include "engine/read/score_reader.h"

/// Validation, block encoding, rings and the fold, each alone.

namespace sluice {
namespace {

Label numeric_label() {
  Label label;
  label.name = "accuracy";
  label.rules.min = Decimal{0, 0};
  label.rules.max = Decimal{1, 0};
  label.rules.step = Decimal{1, -6};
  return label;
}

void validate_number(benchmark::State& state) {
  const Label label = numeric_label();
  constexpr const char* kNumbers[] = {"0.873214", "0.5", "1", "0.000001", "0.333333", "0.25", "0.999999", "0"};
  ValueInput input;
  input.kind = ValueInput::Kind::number;
  std::size_t i = 0;
  for (auto _ : state) {
    input.text = kNumbers[i++ % std::size(kNumbers)];
    Value value;
    std::string_view scratch;
    benchmark::DoNotOptimize(check_value(label, input, value, scratch).ok());
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(validate_number);

void encode_block_row(benchmark::State& state) {
  const load::Plan plan(bench::plan_options({.data = {}, .requests = 0}));
  const std::vector<Uuid> labels(64);
  const KeyedHash keys(KeyedHash::Key{});
  std::vector<bench::PlannedBatch> batches(64);
  std::vector<Value> values;
  for (std::uint64_t r = 0; r < batches.size(); ++r) {
    bench::fill(batches[r], plan, r, labels);
    for (ScoreRecord& record : batches[r].batch.records) record.source_hash = source_hash(keys, 1, record.source);
  }
  Value value;
  value.kind = Value::Kind::number;
  BlockBuilder builder(keys);
  std::string bytes;
  BlockPostings postings;
  std::uint64_t rows = 0, total = 0;
  const RowContext context{
      .workspace = 1, .annotator = 1, .dialect = DialectCode::native, .label = 3, .idempotency = {}};
  for (auto _ : state) {
    const auto& records = batches[(rows / 100) % batches.size()].batch.records;
    value.number = Decimal{static_cast<std::int64_t>(rows % 999'983 + 1), -6};
    builder.add(records[rows % 100], value, context);
    ++rows;
    if (builder.full()) {
      builder.finish(bytes, postings);
      seal_block(bytes, 1, rows);
      total += bytes.size();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
  state.counters["bytes_per_row"] = static_cast<double>(total) / static_cast<double>(rows);
}
BENCHMARK(encode_block_row);

void ring_same_thread(benchmark::State& state) {
  SpscRing<void*> ring(1024);
  void* item = &ring;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ring.try_push(static_cast<void*>(&ring)));
    benchmark::DoNotOptimize(ring.try_pop(item));
  }
}
BENCHMARK(ring_same_thread);

void ring_two_threads(benchmark::State& state) {
  SpscRing<std::uint64_t> ring(1024);
  std::atomic<bool> done{false};
  std::uint64_t sum = 0;
  std::thread consumer([&] {
    std::uint64_t item = 0;
    while (!done.load(std::memory_order_acquire))
      while (ring.try_pop(item)) sum += item;
  });
  std::uint64_t next = 0;
  for (auto _ : state) {
    while (!ring.try_push(next + 0)) {
    }
    ++next;
  }
  while (ring.size_approx() != 0) {
  }
  done.store(true, std::memory_order_release);
  consumer.join();
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ring_two_threads);

/// Ten events per source, one in each of ten blocks. Arg 0: ten scores; 1: one score with nine older values.
void fold_source(benchmark::State& state) {
  constexpr std::uint64_t kSources = 256;
  constexpr std::uint64_t kEvents = 10;
  const KeyedHash keys(KeyedHash::Key{});
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < kSources; ++i) ids.push_back(to_text(random_uuid()));
  MemoryLog log(keys);
  Group group;
  group.commit_sequence = 1;
  group.inserted_at = 1'000'000;
  for (std::uint64_t event = 0; event < kEvents; ++event) {
    BlockBuilder builder(keys);
    for (const std::string& id : ids) {
      ScoreRecord record;
      record.source = {SourceSpelling::trace, {}, id};
      record.source_hash = source_hash(keys, 1, record.source);
      record.identity = state.range(0) == 1 ? IdentityKind::natural : IdentityKind::positional;
      Value value;
      value.kind = Value::Kind::number;
      value.number = Decimal{static_cast<std::int64_t>(event + 1), -2};
      builder.add(record, value, {.workspace = 1, .annotator = 1, .dialect = {}, .label = 3, .idempotency = {}});
    }
    std::string bytes;
    GroupBlock block{event + 1, nullptr, {}};
    builder.finish(bytes, block.postings);
    seal_block(bytes, group.inserted_at, block.sequence);
    block.bytes = std::make_shared<const std::string>(std::move(bytes));
    group.blocks.push_back(std::move(block));
  }
  if (log.append(group) != Durability::durable) return state.SkipWithError("not appended");
  const ScoreReader reader(keys, log);
  ReadRequest request;
  std::uint64_t next = 0, scores = 0;
  for (auto _ : state) {
    request.reset();
    request.query.workspace = 1;
    request.query.source = {SourceSpelling::trace, {}, ids[next++ % kSources]};
    reader.run(request);
    scores += request.page.scores.size();
  }
  const std::uint64_t expected = next * (state.range(0) == 1 ? 1 : kEvents);
  if (scores != expected) state.SkipWithError("wrong number of scores");
  state.SetItemsProcessed(static_cast<std::int64_t>(next * kEvents));
}
BENCHMARK(fold_source)->Arg(0)->Arg(1);

}  // namespace
}  // namespace sluice
