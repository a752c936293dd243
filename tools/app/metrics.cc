#include "tools/app/metrics.h"

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void counter(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.counter.value = value;
    add(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  void gauge(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    add(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  /// A family of labelled counters or gauges; labelled() adds to the newest one.
  void family(const char* name, const char* help, MetricType type) { add(name, help, type); }
  void labelled(const char* label, std::string text, double value) {
    ClientMetric metric;
    metric.label.push_back({label, std::move(text)});
    metric.counter.value = metric.gauge.value = value;
    families_.back().metric.push_back(std::move(metric));
  }
  /// `unit`: what one unit of the histogram's values is in the metric's unit (1e-9: ns to seconds).
  void histogram(const char* name, const char* help, const Histogram* values, double unit,
                 std::initializer_list<double> bounds) {
    if (values == nullptr) return;
    ClientMetric metric;
    for (const double bound : bounds)
      metric.histogram.bucket.push_back({values->count_up_to(static_cast<std::int64_t>(bound / unit)), bound});
    metric.histogram.sample_count = values->count();
    metric.histogram.sample_sum = static_cast<double>(values->sum_ns()) * unit;
    metric.histogram.bucket.push_back({metric.histogram.sample_count, std::numeric_limits<double>::infinity()});
    add(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
    return families_.back();
  }
  std::vector<MetricFamily> families_;
};

constexpr std::initializer_list<double> kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                    0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5};
constexpr std::initializer_list<double> kCounts = {1, 10, 100, 1000, 10'000, 100'000};

void add_engine(Families& out, const EngineMetrics& engine) {
  out.counter("sluice_scores_committed_total", "Scores made durable.", static_cast<double>(engine.scores_committed));
  out.family("sluice_scores_rejected_total", "Scores refused, by reason.", MetricType::Counter);
  for (std::size_t code = 1; code < std::size(engine.rejected_by_code); ++code)
    if (engine.rejected_by_code[code] != 0)
      out.labelled("reason", std::string(to_string(static_cast<Errc>(code))),
                   static_cast<double>(engine.rejected_by_code[code]));
  out.counter("sluice_groups_committed_total", "Synced writes.", static_cast<double>(engine.groups));
  out.counter("sluice_blocks_committed_total", "Blocks written to the log.", static_cast<double>(engine.blocks));
  out.counter("sluice_block_bytes_total", "Bytes of those blocks.", static_cast<double>(engine.bytes));
  out.counter("sluice_idempotent_replays_total", "Requests answered again by their Idempotency-Key.",
              static_cast<double>(engine.idempotent_replays));
  out.gauge("sluice_scores_in_flight", "Scores admitted and not answered yet.",
            static_cast<double>(engine.scores_in_flight));
  out.gauge("sluice_shard_queue_depth", "Batches waiting for a shard.", static_cast<double>(engine.ring_depth));
  out.gauge("sluice_shard_queue_capacity", "Batches that may wait.", static_cast<double>(engine.ring_capacity));
  out.gauge("sluice_commit_sequence", "Sequence number of the newest group.",
            static_cast<double>(engine.commit_sequence));
  out.histogram("sluice_commit_duration_seconds", "One group's write and sync.", engine.commit_duration, 1e-9,
                kSeconds);
  out.histogram("sluice_group_scores", "Scores per group.", engine.group_scores, 1.0, kCounts);
}

void add_store(Families& out, const StoreMetrics& store) {
  out.gauge("sluice_hot_rows", "Durable rows whose postings are in memory only.", static_cast<double>(store.hot_rows));
  out.counter("sluice_segments_ingested_total", "Segments of postings put on disk.",
              static_cast<double>(store.segments_ingested));
  out.gauge("sluice_indexed_block", "Newest block whose postings are on disk.",
            static_cast<double>(store.indexed_block));
  out.gauge("sluice_durable_block", "Newest durable block.", static_cast<double>(store.durable_block));
  out.gauge("sluice_rocksdb_pending_compaction_bytes", "Compaction debt.",
            static_cast<double>(store.pending_compaction_bytes));
  out.gauge("sluice_rocksdb_level0_files", "Files at level 0.", static_cast<double>(store.level0_files));
  out.gauge("sluice_rocksdb_memtable_bytes", "Memtables.", static_cast<double>(store.memtable_bytes));
  out.gauge("sluice_rocksdb_live_data_bytes", "Live data on disk.", static_cast<double>(store.live_data_bytes));
  out.gauge("sluice_disk_free_bytes", "Free space of the data directory's file system.",
            static_cast<double>(store.disk_free_bytes));
  out.gauge("sluice_write_stopped", "1 while RocksDB refuses writes.", store.write_stopped ? 1 : 0);
  out.gauge("sluice_read_only", "1 after an error that needs a restart.", store.background_error ? 1 : 0);
  out.family("sluice_data_damaged", "1 once damage was found: reads that need what is damaged fail.",
             MetricType::Gauge);
  out.labelled("database", "log", store.log_damaged ? 1 : 0);
  out.labelled("database", "index", store.index_damaged ? 1 : 0);
}

void add_process(Families& out) {
  out.family("sluice_build_info", "1; the version is in the label.", MetricType::Gauge);
  out.labelled("version", SLUICE_VERSION, 1);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  out.counter("process_cpu_seconds_total", "User and system CPU time.",
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  long pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  out.gauge("process_resident_memory_bytes", "Resident memory.",
            static_cast<double>(pages) * static_cast<double>(getpagesize()));
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0)
    out.gauge("process_max_fds", "Limit of open files.", static_cast<double>(files.rlim_cur));
  // Absent when there is no descriptor left to look with.
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (!error)  // Without the directory itself.
    out.gauge("process_open_fds", "Open files.", static_cast<double>(std::distance(begin(entries), end(entries)) - 1));
}

}  // namespace

std::string metrics_text(const EngineMetrics& engine, const StoreMetrics& store, const ReadPool& reads) {
  Families families;
  add_engine(families, engine);
  add_store(families, store);
  families.gauge("sluice_reads_waiting", "Queries waiting for a read thread.", static_cast<double>(reads.waiting()));
  families.histogram("sluice_read_duration_seconds", "One query, without waiting.", &reads.duration(), 1e-9, kSeconds);
  add_process(families);
  return families.text();
}

}  // namespace sluice
