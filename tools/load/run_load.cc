#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "tools/load/audit.h"
#include "tools/load/generator.h"
#include "tools/load/labels.h"
#include "tools/load/load_options.h"
#include "tools/load/process_cpu.h"
#include "tools/load/read_run.h"
#include "tools/load/report.h"

namespace sluice::load {
namespace {

constexpr double kSecondNs = 1e9;

std::string key_of(const LoadOptions& options) {
  std::string key = options.key;
  if (key.empty() || key.front() == '@') {
    const std::string path = key.empty() ? options.data + "/first-key" : key.substr(1);
    std::ifstream in(path);
    if (!(in >> key)) {
      throw std::runtime_error("no key: give --key ID.SECRET or --key @FILE, or --data DIR with the server's "
                               "first-key (tried " + path + ")");
    }
  }
  const std::size_t colon = key.find(':');
  if (colon != std::string::npos && key.find('.') == std::string::npos) key[colon] = '.';
  return key;
}

void check(const LoadOptions& options) {
  const auto require = [](bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
  };
  const bool single = options.api == Api::evalguard || options.api == Api::twosignal;
  require(!single || options.batch == 1, "this API takes one score per request: --batch 1");
  require(options.batch >= 1 && options.batch <= 100'000, "--batch must be between 1 and 100000");
  require(options.connections >= options.threads && options.threads >= 1, "--connections must be at least --threads");
  require(options.scores_per_source >= 1 && options.scores_per_source <= 1000,
          "--scores-per-source must be between 1 and 1000");
  require(options.invalid == 0 || options.api == Api::native, "--invalid is for the native API");
  require(options.format == Format::json || options.api == Api::native, "--format ndjson is for the native API");
  require(options.labels <= 1000, "--labels must be at most 1000");
  require(options.read != Read::source || (options.seed != 0 && options.requests_max != 0),
          "--read source needs --seed and --requests of the run that wrote what is read");
  require(options.duration_s > options.warmup_s, "--duration must be longer than --warmup");
}

// One run: threads, their generators and the second-by-second watch over them.
class Run {
 public:
  Run(const LoadOptions& options, const Plan& plan, const std::vector<LoadLabel>& labels, const Endpoint& endpoint,
      const RequestTarget& target, AckLog* ack_log)
      : state_{options, plan, ack_log, 0, 0, 0, {}, {}} {
    for (std::uint32_t i = 0; i < options.threads; ++i) {
      const std::size_t connections =
          options.connections / options.threads + (i < options.connections % options.threads ? 1 : 0);
      bodies_.push_back(std::make_unique<BodyPool>(plan, labels, target));
      generators_.push_back(std::make_unique<Generator>(state_, *bodies_.back(), i, connections));
      loops_.push_back(std::make_unique<HttpLoop>(endpoint, connections, *generators_.back()));
      loops_.back()->connect_all();
    }
    server_pid_ = options.server_pid;
    if (server_pid_ == 0 && endpoint.loopback) server_pid_ = listener_pid(endpoint.port).value_or(0);
  }

  void run(RunReport& report) {
    const LoadOptions& options = state_.options;
    state_.begin = monotonic_now();
    state_.measure_from = state_.begin + static_cast<MonotonicTime>(options.warmup_s * kSecondNs);
    state_.end = state_.begin + static_cast<MonotonicTime>(options.duration_s * kSecondNs);
    std::atomic<std::size_t> running{loops_.size()};
    std::vector<std::jthread> threads;
    for (auto& loop : loops_) {
      threads.emplace_back([&loop, &running] {
        loop->run();
        running.fetch_sub(1, std::memory_order_release);
      });
    }
    watch(report, running);
    threads.clear();
    collect(report);
  }

  [[nodiscard]] AckSet acked() const {
    AckSet all;
    for (const auto& generator : generators_) all.merge(generator->acked());
    return all;
  }

 private:
  // Samples CPU at the measured part's edges and prints a line a second.
  void watch(RunReport& report, const std::atomic<std::size_t>& running) {
    const LoadOptions& options = state_.options;
    const auto sleep_until = [&](MonotonicTime when) {
      while (running.load(std::memory_order_acquire) != 0 && monotonic_now() < when) {
        std::this_thread::sleep_for(
            std::chrono::nanoseconds(std::min<MonotonicTime>(when - monotonic_now(), 20'000'000)));
      }
    };
    const auto server_cpu = [&] { return server_pid_ != 0 ? process_cpu_ns(server_pid_) : std::nullopt; };
    sleep_until(state_.measure_from);
    const std::int64_t own_before = own_cpu_ns();
    const std::optional<std::int64_t> server_before = server_cpu();
    std::uint64_t shown = 0;
    for (MonotonicTime tick = state_.measure_from + 1'000'000'000;; tick += 1'000'000'000) {
      sleep_until(std::min(tick, state_.end));
      if (options.progress) shown = progress(shown);
      if (running.load(std::memory_order_acquire) == 0 || monotonic_now() >= state_.end) break;
    }
    const std::int64_t own_after = own_cpu_ns();
    const std::optional<std::int64_t> server_after = server_cpu();
    report.measured_s = static_cast<double>(std::min(monotonic_now(), state_.end) - state_.measure_from) / kSecondNs;
    report.generator_cpu_s = static_cast<double>(own_after - own_before) / kSecondNs;
    if (server_before && server_after) {
      report.server_cpu_s = static_cast<double>(*server_after - *server_before) / kSecondNs;
    }
  }

  std::uint64_t progress(std::uint64_t shown) {
    std::uint64_t acked = 0;
    std::uint64_t refused = 0;
    std::uint64_t unexpected = 0;
    Histogram recent;
    for (const auto& generator : generators_) {
      RunCounters& counters = generator->counters();
      acked += counters.acked_scores.load(std::memory_order_relaxed);
      refused += counters.refused_requests.load(std::memory_order_relaxed);
      unexpected += counters.unexpected.load(std::memory_order_relaxed);
      const unsigned index = counters.recent_index.load(std::memory_order_relaxed);
      counters.recent_index.store(1 - index, std::memory_order_relaxed);
      recent.merge(counters.recent[index]);
      counters.recent[index].reset();
    }
    const auto elapsed = static_cast<double>(monotonic_now() - state_.begin) / kSecondNs;
    std::fprintf(stderr, "%6.1f s  %9lu scores/s  p50 %8.3f ms  p99 %8.3f ms  refused %lu  unexpected %lu\n", elapsed,
                 acked - shown, static_cast<double>(recent.at(0.5)) / 1e6, static_cast<double>(recent.at(0.99)) / 1e6,
                 refused, unexpected);
    return acked;
  }

  void collect(RunReport& report) {
    std::uint64_t bytes = 0;
    for (const auto& generator : generators_) {
      RunCounters& counters = generator->counters();
      report.acked_requests += counters.acked_requests.load();
      report.acked_scores += counters.acked_scores.load();
      report.measured_requests += counters.measured_requests.load();
      report.measured_scores += counters.measured_scores.load();
      report.measured_answers += counters.measured_answers.load();
      report.refused_items += counters.refused_items.load();
      report.refused_requests += counters.refused_requests.load();
      report.unexpected += counters.unexpected.load();
      report.lost += counters.lost.load();
      for (std::size_t status = 0; status < counters.statuses.size(); ++status) {
        const std::uint64_t count = counters.statuses[status].load();
        if (count != 0) report.statuses[static_cast<int>(status)] += count;
      }
      report.latency.merge(counters.latency);
      for (const std::string& text : generator->complaints()) report.complaints.push_back(text);
    }
    for (const auto& pool : bodies_) bytes += pool->bytes();
    report.request_bytes = static_cast<double>(bytes) / static_cast<double>(bodies_.size() * state_.plan.templates());
    report.offered = state_.options.rate;
    report.disconnected = state_.stop.load();
  }

  RunState state_;
  int server_pid_ = 0;  // 0: the server's CPU time cannot be told.
  std::vector<std::unique_ptr<BodyPool>> bodies_;
  std::vector<std::unique_ptr<Generator>> generators_;
  std::vector<std::unique_ptr<HttpLoop>> loops_;
};

AuditOptions audit_options(const LoadOptions& options, const std::string& key) {
  return {key, std::min<std::size_t>(options.connections, 64), options.threads, options.audit_sample, options.progress};
}

int audit_only(const LoadOptions& options, const Endpoint& endpoint, const std::string& key) {
  if (options.ack_log.empty()) throw std::runtime_error("--audit-only needs --ack-log FILE");
  const AckLog::Contents log = AckLog::read(options.ack_log);
  const Plan plan(log.plan);
  const AuditResult result = run_audit(plan, log.labels, log.acked, endpoint, audit_options(options, key));
  std::fputs(audit_text(result).c_str(), options.json_report == "-" ? stderr : stdout);
  RunReport report;
  report.options = options;
  report.options.api = log.plan.api;
  report.plan = log.plan;
  report.acked_requests = log.acked.count();
  report.audit = result;
  write_json(report_json(report), options.json_report);
  return result.clean() ? 0 : 1;
}

int load_and_audit(const LoadOptions& options, const Endpoint& endpoint, const std::string& key) {
  const Plan plan(plan_options(options));
  HttpClient client = HttpClient::over_tcp("http://" + endpoint.host_header, key);
  const std::vector<LoadLabel> labels = ensure_labels(plan, client);
  std::unique_ptr<AckLog> ack_log;
  if (!options.ack_log.empty()) ack_log = std::make_unique<AckLog>(options.ack_log, plan.options(), labels);
  const RequestTarget target{endpoint.host_header, key, options.format, options.results_all};
  RunReport report;
  report.options = options;
  report.plan = plan.options();
  AckSet acked;
  {
    Run run(options, plan, labels, endpoint, target, ack_log.get());
    run.run(report);
    acked = run.acked();
  }
  ack_log.reset();
  if (options.audit) report.audit = run_audit(plan, labels, acked, endpoint, audit_options(options, key));
  std::fputs(report_text(report).c_str(), options.json_report == "-" ? stderr : stdout);
  write_json(report_json(report), options.json_report);
  const bool lost = report.lost != 0 && !options.stop_on_disconnect;
  const bool good = report.unexpected == 0 && !lost && (!report.audit || report.audit->clean());
  return good && report.acked_requests > 0 ? 0 : 1;
}

}  // namespace

int run_load(const LoadOptions& asked) {
  LoadOptions options = asked;
  check(options);
  if (options.seed == 0) options.seed = std::random_device{}() | std::uint64_t{1};
  const Endpoint endpoint(options.url, options.port);
  const std::string key = key_of(options);
  if (options.read != Read::none) return run_reads(options, Plan(plan_options(options)), endpoint, key);
  return options.audit_only ? audit_only(options, endpoint, key) : load_and_audit(options, endpoint, key);
}

}  // namespace sluice::load
