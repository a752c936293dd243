#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/histogram.h"
#include "tools/load/audit.h"
#include "tools/load/load_options.h"
#include "tools/load/plan.h"

namespace sluice::load {

/// What a run came to. Rates and latencies are of the measured part, after the warm-up.
struct RunReport {
  LoadOptions options;
  PlanOptions plan;
  double measured_s = 0;
  std::uint64_t acked_requests = 0, acked_scores = 0;        ///< Of the whole run.
  std::uint64_t measured_requests = 0, measured_scores = 0;
  std::uint64_t measured_answers = 0;                        ///< Of any status.
  std::uint64_t refused_items = 0, refused_requests = 0, unexpected = 0, lost = 0;
  std::map<int, std::uint64_t> statuses;
  Histogram latency;
  double offered = 0;                                        ///< Scores per second; 0: closed loop.
  double request_bytes = 0;                                  ///< Mean, head and body.
  double generator_cpu_s = 0;
  std::optional<double> server_cpu_s;
  bool disconnected = false;
  std::vector<std::string> complaints;
  std::optional<AuditResult> audit;

  [[nodiscard]] double rate() const noexcept;
  /// An open loop that did not reach its rate says nothing about latency at that rate.
  [[nodiscard]] bool latencies_hold() const noexcept;
};

[[nodiscard]] std::string report_text(const RunReport& report);
[[nodiscard]] std::string report_json(const RunReport& report);
[[nodiscard]] std::string audit_text(const AuditResult& audit);
/// The percentiles on one line; `open_loop`: counted from the intended send time.
[[nodiscard]] std::string latency_text(const Histogram& latency, bool open_loop);
/// `holds`: the offered rate was reached.
[[nodiscard]] nlohmann::json latency_json(const Histogram& latency, bool holds);
/// To a file, or to stdout for "-"; nothing for an empty path. Throws std::runtime_error.
void write_json(const std::string& json, const std::string& path);

}  // namespace sluice::load
