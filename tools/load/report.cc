#include "tools/load/report.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sluice::load {
namespace {

constexpr double kReached = 0.99;
constexpr std::array<std::pair<const char*, double>, 5> kQuantiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

const char* name_of(Api api) {
  switch (api) {
    case Api::native:
      return "native";
    case Api::futureagi:
      return "futureagi";
    case Api::evalguard:
      return "evalguard";
    case Api::twosignal:
      return "2signal";
  }
  return "";
}

double per_score_us(double cpu_s, std::uint64_t scores) {
  return scores == 0 ? 0 : cpu_s * 1e6 / static_cast<double>(scores);
}

nlohmann::json audit_json(const AuditResult& audit) {
  return {{"clean", audit.clean()},         {"sources", audit.sources}, {"scores", audit.scores},
          {"missing", audit.missing},       {"wrong", audit.wrong},     {"unexpected", audit.unexpected},
          {"unreadable", audit.unreadable}, {"seconds", audit.seconds}, {"findings", audit.findings}};
}

}  // namespace

double RunReport::rate() const noexcept {
  return measured_s > 0 ? static_cast<double>(measured_scores) / measured_s : 0;
}

bool RunReport::latencies_hold() const noexcept { return offered <= 0 || rate() >= kReached * offered; }

std::string audit_text(const AuditResult& audit) {
  std::string out = fmt::format(
      "audit       {}: {} acked scores of {} sources read back in {:.1f} s; missing {}, wrong {}, not sent or twice "
      "{}, "
      "unreadable sources {}\n",
      audit.clean() ? "clean" : "FAILED", audit.scores, audit.sources, audit.seconds, audit.missing, audit.wrong,
      audit.unexpected, audit.unreadable);
  for (const std::string& finding : audit.findings) out += "  " + finding + "\n";
  return out;
}

std::string latency_text(const Histogram& latency, bool open_loop) {
  std::string out = "latency ms ";
  for (const auto& [name, quantile] : kQuantiles) {
    out += fmt::format(" {} {:.3f}", name, static_cast<double>(latency.at(quantile)) / 1e6);
  }
  return out + fmt::format(" max {:.3f} ({})\n", static_cast<double>(latency.max_ns()) / 1e6,
                           open_loop ? "from the intended send time" : "closed loop: hides stalls");
}

nlohmann::json latency_json(const Histogram& latency, bool holds) {
  nlohmann::json json;
  for (const auto& [name, quantile] : kQuantiles) json[name] = static_cast<double>(latency.at(quantile)) / 1e6;
  json["max"] = static_cast<double>(latency.max_ns()) / 1e6;
  json["count"] = latency.count();
  json["holds"] = holds;
  return json;
}

void write_json(const std::string& json, const std::string& path) {
  if (path.empty()) return;
  if (path == "-") {
    std::fputs(json.c_str(), stdout);
    return;
  }
  std::ofstream out(path);
  if (!(out << json)) throw std::runtime_error("cannot write " + path);
}

std::string report_text(const RunReport& report) {
  std::string out =
      fmt::format("load        {}, {} per request ({:.0f} bytes), {} connections, {} generator thread{}, seed {}\n",
                  name_of(report.options.api), report.plan.batch, report.request_bytes, report.options.connections,
                  report.options.threads, report.options.threads == 1 ? "" : "s", report.plan.seed);
  out += fmt::format("scores/s    {:.0f} acked over {:.2f} s ({:.0f} requests/s){}\n", report.rate(), report.measured_s,
                     report.measured_s > 0 ? static_cast<double>(report.measured_requests) / report.measured_s : 0,
                     report.offered > 0 ? fmt::format(", offered {:.0f}", report.offered) : ", closed loop");
  if (report.latencies_hold()) {
    out += latency_text(report.latency, report.offered > 0);
  } else {
    out += fmt::format("latency     void: only {:.1f} % of the offered rate was reached\n",
                       100 * report.rate() / report.offered);
  }
  out += fmt::format("CPU/score   generator {:.3f} us ({:.0f} % of one core)",
                     per_score_us(report.generator_cpu_s, report.measured_scores),
                     report.measured_s > 0 ? 100 * report.generator_cpu_s / report.measured_s : 0);
  if (report.server_cpu_s) {
    out += fmt::format(", server {:.3f} us", per_score_us(*report.server_cpu_s, report.measured_scores));
  }
  out += fmt::format("\nacked       {} scores in {} requests; statuses", report.acked_scores, report.acked_requests);
  for (const auto& [status, count] : report.statuses) out += fmt::format(" {}: {}", status, count);
  out += fmt::format(
      "\nnot stored  bad items named {}, requests refused for overload {}, unexpected answers {}, lost {}\n",
      report.refused_items, report.refused_requests, report.unexpected, report.lost);
  if (report.disconnected) out += "ended       early: the server closed its connections\n";
  for (const std::string& complaint : report.complaints) out += "  " + complaint + "\n";
  if (report.audit) out += audit_text(*report.audit);
  return out;
}

std::string report_json(const RunReport& report) {
  nlohmann::json statuses = nlohmann::json::object();
  for (const auto& [status, count] : report.statuses) statuses[std::to_string(status)] = count;
  nlohmann::json json{
      {"api", name_of(report.options.api)},
      {"format", report.options.format == Format::json ? "json" : "ndjson"},
      {"batch", report.plan.batch},
      {"connections", report.options.connections},
      {"threads", report.options.threads},
      {"seed", report.plan.seed},
      {"scores_per_source", report.options.scores_per_source},
      {"labels", report.plan.labels},
      {"client_ids", report.plan.client_ids},
      {"invalid", report.plan.invalid},
      {"request_bytes", report.request_bytes},
      {"measured_seconds", report.measured_s},
      {"scores_per_second", report.rate()},
      {"answers_per_second",
       report.measured_s > 0 ? static_cast<double>(report.measured_answers) / report.measured_s : 0},
      {"offered_scores_per_second", report.offered},
      {"acked_scores", report.acked_scores},
      {"acked_requests", report.acked_requests},
      {"measured_scores", report.measured_scores},
      {"latency_ms", latency_json(report.latency, report.latencies_hold())},
      {"generator_cpu_us_per_score", per_score_us(report.generator_cpu_s, report.measured_scores)},
      {"generator_core_share", report.measured_s > 0 ? report.generator_cpu_s / report.measured_s : 0},
      {"statuses", statuses},
      {"refused_items", report.refused_items},
      {"refused_requests", report.refused_requests},
      {"unexpected_answers", report.unexpected},
      {"lost_requests", report.lost},
      {"disconnected", report.disconnected},
      {"complaints", report.complaints},
  };
  if (report.server_cpu_s) json["server_cpu_us_per_score"] = per_score_us(*report.server_cpu_s, report.measured_scores);
  if (report.audit) json["audit"] = audit_json(*report.audit);
  // Answers may hold any bytes; the report must be valid all the same.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::load
