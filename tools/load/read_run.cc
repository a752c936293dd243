#include "tools/load/read_run.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/histogram.h"
#include "tools/http/http_client.h"
#include "tools/load/process_cpu.h"
#include "tools/load/report.h"

namespace sluice::load {
namespace {

constexpr double kSecondNs = 1e9;
constexpr MonotonicTime kGrace = 10'000'000'000;    // For answers still under way when the run ends.
constexpr MonotonicTime kRefusedRest = 1'000'000'000;
constexpr std::uint32_t kPagesDeep = 10;            // Pages of an annotator before a connection begins anew.
constexpr std::uint64_t kDrawSalt = 0x7265616400000008u;
constexpr std::size_t kComplaints = 5;

struct ReadTimes {
  MonotonicTime begin = 0, measure_from = 0, end = 0;
};

/// What a thread found out; merged when it is done.
struct ReadCounts {
  std::uint64_t reads = 0, measured_reads = 0, refused = 0, unexpected = 0, lost = 0, answer_bytes = 0;
  std::map<int, std::uint64_t> statuses;
  Histogram latency;
  std::vector<std::string> complaints;
};

/// One thread's reads.
class Reader final : public LoopClient {
 public:
  Reader(const LoadOptions& options, const Plan& plan, const ReadTimes& times, const std::string& host,
         const std::string& key, const std::string& annotator, std::uint32_t thread, std::size_t connections)
      : options_(options),
        plan_(plan),
        times_(times),
        sources_(plan.sources_scored(options.requests_max)),
        drawn_(mix(options.seed ^ kDrawSalt) + thread),
        slots_(connections) {
    tail_ = " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + key + "\r\n\r\n";
    if (!annotator.empty()) page_ = "GET /v1/annotators/" + annotator + "/scores?limit=100";
    if (options.rate > 0) interval_ns_ = kSecondNs * options.threads / options.rate;
    offset_ns_ = interval_ns_ / options.threads * thread;
  }

  std::string_view next(std::size_t slot, MonotonicTime now) override {
    MonotonicTime since = now;
    if (interval_ns_ > 0) {
      since = due();
      if (since > now) return {};
      exhausted_ = since >= times_.end;
      if (exhausted_) return {};
    }
    ++sent_;
    Slot& read = slots_[slot];
    read.active = true;
    read.since = since;
    if (page_.empty()) {
      drawn_ += options_.threads;
      const std::uint64_t source = mix(drawn_) % sources_;
      request_.assign("GET /v1/scores?source_type=").append(plan_.source_type(source)).append("&source_id=");
      append_uuid(request_, plan_.source_uuid(source));
    } else {
      request_ = page_;
      if (!read.cursor.empty()) request_.append("&cursor=").append(read.cursor);
    }
    request_ += tail_;
    return request_;
  }

  MonotonicTime answered(std::size_t slot, const Answer& answer, MonotonicTime now) override {
    Slot& read = slots_[slot];
    read.active = false;
    ++counts_.statuses[answer.status];
    if (answer.status == 429 || answer.status == 503) {
      ++counts_.refused;
      return now + kRefusedRest;
    }
    if (answer.status != 200 || !answer.body.starts_with("{\"scores\":[{")) {
      ++counts_.unexpected;
      complain(std::to_string(answer.status) + ": " + std::string(answer.body.substr(0, 300)));
      return 0;
    }
    if (!page_.empty()) turn_page(read, answer.body);
    ++counts_.reads;
    counts_.answer_bytes += answer.body.size();
    if (read.since >= times_.measure_from) counts_.latency.record(now - read.since);
    if (now >= times_.measure_from && now < times_.end) ++counts_.measured_reads;
    return 0;
  }

  void lost(std::size_t slot, const char* why) override {
    if (slots_[slot].active) ++counts_.lost;
    slots_[slot].active = false;
    complain(why);
  }
  MonotonicTime wake_at() const override { return interval_ns_ > 0 && !exhausted_ ? due() : 0; }
  bool finished(MonotonicTime now) override { return exhausted_ || now >= times_.end; }
  MonotonicTime end_by() const override { return times_.end + kGrace; }
  [[nodiscard]] const ReadCounts& counts() const noexcept { return counts_; }

 private:
  struct Slot {
    bool active = false;
    MonotonicTime since = 0;  // Intended send time (open loop) or send time.
    std::string cursor;
    std::uint32_t page = 0;
  };

  [[nodiscard]] MonotonicTime due() const noexcept {
    return times_.begin + static_cast<MonotonicTime>(offset_ns_ + interval_ns_ * static_cast<double>(sent_));
  }
  void turn_page(Slot& read, std::string_view body) const {
    constexpr std::string_view kName = "\"next_cursor\":\"";
    const std::size_t at = body.rfind(kName);
    read.cursor.clear();
    read.page = at == std::string_view::npos ? 0 : (read.page + 1) % kPagesDeep;
    if (read.page == 0) return;
    const std::string_view rest = body.substr(at + kName.size());
    read.cursor = rest.substr(0, rest.find('"'));
  }
  void complain(std::string text) {
    if (counts_.complaints.size() < kComplaints) counts_.complaints.push_back(std::move(text));
  }

  const LoadOptions& options_;
  const Plan& plan_;
  const ReadTimes& times_;
  const std::uint64_t sources_;
  std::uint64_t drawn_;
  std::string tail_;
  std::string page_;  // Empty: read sources.
  std::string request_;
  double interval_ns_ = 0;  // Between this thread's reads; 0: closed loop.
  double offset_ns_ = 0;
  std::uint64_t sent_ = 0;
  bool exhausted_ = false;
  std::vector<Slot> slots_;
  ReadCounts counts_;
};

struct ReadReport {
  const LoadOptions& options;
  const Plan& plan;
  ReadCounts sum;
  double measured_s = 0;
  double generator_cpu_s = 0;
  std::optional<double> server_cpu_s;

  [[nodiscard]] double rate() const {
    return measured_s > 0 ? static_cast<double>(sum.measured_reads) / measured_s : 0;
  }
  [[nodiscard]] bool holds() const { return options.rate <= 0 || rate() >= 0.99 * options.rate; }
  [[nodiscard]] double cpu_us(double seconds) const {
    return sum.measured_reads == 0 ? 0 : seconds * 1e6 / static_cast<double>(sum.measured_reads);
  }
  [[nodiscard]] double answer_bytes() const {
    return sum.reads == 0 ? 0 : static_cast<double>(sum.answer_bytes) / static_cast<double>(sum.reads);
  }
  [[nodiscard]] const char* kind() const { return options.read == Read::source ? "source" : "annotator"; }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string json() const;
};

std::string ReadReport::text() const {
  std::string out = fmt::format("read        by {} ({:.0f} bytes), {} connections, {} generator thread{}, seed {}\n",
                                kind(), answer_bytes(), options.connections, options.threads,
                                options.threads == 1 ? "" : "s", options.seed);
  out += fmt::format("reads/s     {:.0f} over {:.2f} s{}\n", rate(), measured_s,
                     options.rate > 0 ? fmt::format(", offered {:.0f}", options.rate) : ", closed loop");
  out += holds() ? latency_text(sum.latency, options.rate > 0)
                 : fmt::format("latency     void: only {:.1f} % of the offered rate was reached\n",
                               100 * rate() / options.rate);
  out += fmt::format("CPU/read    generator {:.2f} us ({:.0f} % of one core)", cpu_us(generator_cpu_s),
                     measured_s > 0 ? 100 * generator_cpu_s / measured_s : 0);
  if (server_cpu_s) out += fmt::format(", server {:.2f} us", cpu_us(*server_cpu_s));
  out += fmt::format("\nanswers     refused for overload {}, unexpected {}, lost {}\n", sum.refused, sum.unexpected,
                     sum.lost);
  for (const std::string& complaint : sum.complaints) out += "  " + complaint + "\n";
  return out;
}

std::string ReadReport::json() const {
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, count] : sum.statuses) statuses[std::to_string(status)] = count;
  nlohmann::json json{
      {"read", kind()},
      {"connections", options.connections},
      {"threads", options.threads},
      {"seed", options.seed},
      {"sources", plan.sources_scored(options.requests_max)},
      {"answer_bytes", answer_bytes()},
      {"measured_seconds", measured_s},
      {"reads_per_second", rate()},
      {"offered_reads_per_second", options.rate},
      {"reads", sum.reads},
      {"measured_reads", sum.measured_reads},
      {"latency_ms", latency_json(sum.latency, holds())},
      {"generator_cpu_us_per_read", cpu_us(generator_cpu_s)},
      {"generator_core_share", measured_s > 0 ? generator_cpu_s / measured_s : 0},
      {"statuses", statuses},
      {"refused_requests", sum.refused},
      {"unexpected_answers", sum.unexpected},
      {"lost_requests", sum.lost},
      {"complaints", sum.complaints},
  };
  if (server_cpu_s) json["server_cpu_us_per_read"] = cpu_us(*server_cpu_s);
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// The annotator of the newest score: the key's owner, where the same key wrote.
std::string annotator_of_newest(const Endpoint& endpoint, const std::string& key) {
  constexpr std::string_view kName = "\"annotator\":{\"id\":\"";
  HttpClient client = HttpClient::over_tcp("http://" + endpoint.host_header, key);
  const HttpAnswer reply = client.request("GET", "/v1/scores?limit=1");
  const std::size_t at = reply.body.find(kName);
  if (reply.status != 200 || at == std::string::npos) {
    throw std::runtime_error("no score to take the annotator from; run a load first (the server answered " +
                             std::to_string(reply.status) + ")");
  }
  return reply.body.substr(at + kName.size(), 36);
}

void add(ReadCounts& sum, const ReadCounts& part) {
  sum.reads += part.reads;
  sum.measured_reads += part.measured_reads;
  sum.refused += part.refused;
  sum.unexpected += part.unexpected;
  sum.lost += part.lost;
  sum.answer_bytes += part.answer_bytes;
  for (const auto& [status, count] : part.statuses) sum.statuses[status] += count;
  sum.latency.merge(part.latency);
  sum.complaints.insert(sum.complaints.end(), part.complaints.begin(), part.complaints.end());
}

void sleep_until(MonotonicTime when) {
  const MonotonicTime now = monotonic_now();
  if (when > now) std::this_thread::sleep_for(std::chrono::nanoseconds(when - now));
}

}  // namespace

int run_reads(const LoadOptions& options, const Plan& plan, const Endpoint& endpoint, const std::string& key) {
  const std::string annotator = options.read == Read::annotator ? annotator_of_newest(endpoint, key) : std::string();
  ReadTimes times;
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::unique_ptr<HttpLoop>> loops;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    const std::size_t connections =
        options.connections / options.threads + (i < options.connections % options.threads ? 1 : 0);
    readers.push_back(std::make_unique<Reader>(options, plan, times, endpoint.host_header, key, annotator, i,
                                               connections));
    loops.push_back(std::make_unique<HttpLoop>(endpoint, connections, *readers.back()));
    loops.back()->connect_all();
  }
  int server_pid = options.server_pid;
  if (server_pid == 0 && endpoint.loopback) server_pid = listener_pid(endpoint.port).value_or(0);
  const auto server_cpu = [&] { return server_pid != 0 ? process_cpu_ns(server_pid) : std::nullopt; };

  times.begin = monotonic_now();
  times.measure_from = times.begin + static_cast<MonotonicTime>(options.warmup_s * kSecondNs);
  times.end = times.begin + static_cast<MonotonicTime>(options.duration_s * kSecondNs);
  ReadReport report{options, plan, {}, 0, 0, std::nullopt};
  {
    std::vector<std::jthread> threads;
    for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
    sleep_until(times.measure_from);
    const std::int64_t own_before = own_cpu_ns();
    const std::optional<std::int64_t> server_before = server_cpu();
    sleep_until(times.end);
    report.generator_cpu_s = static_cast<double>(own_cpu_ns() - own_before) / kSecondNs;
    const std::optional<std::int64_t> server_after = server_cpu();
    if (server_before && server_after) {
      report.server_cpu_s = static_cast<double>(*server_after - *server_before) / kSecondNs;
    }
  }
  report.measured_s = static_cast<double>(times.end - times.measure_from) / kSecondNs;
  for (const auto& reader : readers) add(report.sum, reader->counts());
  std::fputs(report.text().c_str(), options.json_report == "-" ? stderr : stdout);
  write_json(report.json(), options.json_report);
  return report.sum.unexpected == 0 && report.sum.lost == 0 && report.sum.reads > 0 ? 0 : 1;
}

}  // namespace sluice::load
