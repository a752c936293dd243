#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "store/internal/options.h"
#include "store/internal/segment_filter.h"
#include "tools/load/plan.h"

/// Runs of the index as by_source has them (key: hash and block, value: ten postings), with the store's own options but
/// for what an argument says: merged with each other, and asked for a source that none of them has. This is where a
/// setting of the tables is tried; times are the process's, since RocksDB merges in threads of its own.

namespace sluice {
namespace {

constexpr int kRuns = 32;  // As many as one merge takes.
constexpr std::size_t kKeys = 50'000;
constexpr std::size_t kValueBytes = 30;

void must(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

class Runs {
 public:
  /// Arguments: block size in KiB; RocksDB's filters: bits, KiB of a partition; 1: tables as the indexer writes them,
  /// with a segment's filter, 0: as merges do.
  explicit Runs(const benchmark::State& state)
      : directory_(std::filesystem::temp_directory_path() / ("sluice-runs-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    const MemoryPlan plan{StoreOptions()};
    rocksdb::ColumnFamilyOptions family = hashed_family_options(rocksdb::NewLRUCache(plan.rocksdb_cache_bytes));
    rocksdb::BlockBasedTableOptions table = *family.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
    table.block_size = static_cast<std::size_t>(state.range(0)) * 1024;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(static_cast<double>(state.range(1))));
    table.metadata_block_size = static_cast<std::size_t>(state.range(2)) * 1024;
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    family.disable_auto_compactions = true;
    options_ = rocksdb::Options(index_database_options(plan, rocksdb::Env::Default(), nullptr), family);
    rocksdb::DB* opened = nullptr;
    must(rocksdb::DB::Open(options_, directory_ / "index", &opened));
    db_.reset(opened);
    const rocksdb::Options table_options = state.range(3) != 0 ? hashed_segment_options(options_) : options_;
    for (int run = 0; run < kRuns; ++run) ingest(run, table_options);
  }
  ~Runs() {
    db_.reset();
    std::filesystem::remove_all(directory_);
  }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  void merge() {
    rocksdb::ColumnFamilyMetaData data;
    db_->GetColumnFamilyMetaData(&data);
    std::vector<std::string> files;
    for (const rocksdb::LevelMetaData& level : data.levels) {
      for (const rocksdb::SstFileMetaData& file : level.files) files.push_back(file.name);
    }
    must(db_->CompactFiles(rocksdb::CompactionOptions(), files, options_.num_levels - 1));
  }

  [[nodiscard]] bool has(std::uint64_t hash) {
    std::string prefix;
    put_u64_be(prefix, hash);
    rocksdb::ReadOptions read;
    read.prefix_same_as_start = true;
    read.table_filter = [hash](const rocksdb::TableProperties& table) { return table_may_hold(table, hash); };
    const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(read));
    at->Seek(prefix);
    return at->Valid();
  }

 private:
  void ingest(int run, const rocksdb::Options& table_options) {
    std::set<std::uint64_t> hashes;
    while (hashes.size() < kKeys) hashes.insert(load::mix(hashes.size() * kRuns + static_cast<std::uint64_t>(run)));
    const std::string path = directory_ / "run.sst";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(table_options), table_options, db_->DefaultColumnFamily(), false);
    must(writer.Open(path));
    for (const std::uint64_t hash : hashes) {
      std::string key;
      put_u64_be(key, hash);
      put_u64_be(key, static_cast<std::uint64_t>(run) * 4000 + hash % 4000);
      std::string value;
      while (value.size() < kValueBytes) put_u64_be(value, load::mix(hash + value.size()));
      value.resize(kValueBytes);
      must(writer.Put(key, value));
    }
    must(writer.Finish());
    rocksdb::IngestExternalFileOptions move;
    move.move_files = true;
    move.write_global_seqno = false;
    must(db_->IngestExternalFile({path}, move));
  }

  const std::filesystem::path directory_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
};

void merge_index_runs(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto runs = std::make_unique<Runs>(state);
    state.ResumeTiming();
    runs->merge();
    state.PauseTiming();
    runs.reset();
    state.ResumeTiming();
  }
  state.counters["key"] = benchmark::Counter(kRuns * kKeys, benchmark::Counter::kIsIterationInvariantRate |
                                                                benchmark::Counter::kInvert);
}

void ask_index_runs(benchmark::State& state) {
  Runs runs(state);
  std::uint64_t asked = std::uint64_t{1} << 32;  // Beyond what ingest() mixes.
  for (auto _ : state) {
    if (runs.has(load::mix(++asked))) state.SkipWithError("found what is not there");
  }
}

void table_settings(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"block", "bits", "partition", "segment"})->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
  bench->Args({4, 10, 16, 1});
  for (const long block : {4, 8, 16}) bench->Args({block, 10, 16, 0});
  for (const long bits : {6, 8, 14}) bench->Args({4, bits, 16, 0});
  for (const long partition : {4, 64}) bench->Args({4, 10, partition, 0});
}

BENCHMARK(merge_index_runs)->Apply(table_settings)->Iterations(1);
BENCHMARK(ask_index_runs)->Apply(table_settings);

}  // namespace
}  // namespace sluice
