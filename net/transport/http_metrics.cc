#include "net/transport/http_metrics.h"

#include <algorithm>
#include <string_view>

namespace sluice {
namespace {

using Threads = std::span<const std::unique_ptr<ThreadMetrics>>;

constexpr std::string_view kStageNames[kBackpressureStages] = {"admission_wait", "admission_full", "disk_full",
                                                               "read_pool",      "body_bytes",     "connections",
                                                               "address",        "rate_limit",     "io_thread",
                                                               "reply_bytes",    "failed_auth",    "body_wait"};

struct Bucket {
  std::int64_t limit_ns;
  std::string_view text;
};
constexpr Bucket kBuckets[] = {
    {100'000, "0.0001"},   {250'000, "0.00025"}, {500'000, "0.0005"},   {1'000'000, "0.001"},   {2'500'000, "0.0025"},
    {5'000'000, "0.005"},  {10'000'000, "0.01"}, {25'000'000, "0.025"}, {50'000'000, "0.05"},   {100'000'000, "0.1"},
    {250'000'000, "0.25"}, {500'000'000, "0.5"}, {1'000'000'000, "1"},  {2'500'000'000, "2.5"}, {10'000'000'000, "10"}};

void header(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ").append(type);
  out.append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(std::to_string(value)).append("\n");
}

std::uint64_t sum(Threads threads, Counter ThreadMetrics::*counter) {
  std::uint64_t total = 0;
  for (const auto& thread : threads) total += ((*thread).*counter).value();
  return total;
}

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  header(out, name, "counter", help);
  sample(out, name, "", value);
}

void histogram(std::string& out, const std::string& label, const Histogram& duration) {
  constexpr std::string_view kName = "sluice_http_request_duration_seconds";
  const std::string bucket_name = std::string(kName) + "_bucket";
  for (const Bucket& bucket : kBuckets) {
    sample(out, bucket_name, label + ",le=\"" + std::string(bucket.text) + "\"", duration.count_up_to(bucket.limit_ns));
  }
  sample(out, bucket_name, label + ",le=\"+Inf\"", duration.count());
  out.append(kName).append("_sum{").append(label).append("} ");
  out.append(std::to_string(static_cast<double>(duration.sum_ns()) / 1e9)).append("\n");
  sample(out, std::string(kName) + "_count", label, duration.count());
}

}  // namespace

void ThreadMetrics::answered(std::size_t route, int status, std::int64_t duration_ns) noexcept {
  PerRoute& counters = per_route_[route];
  const auto* const at = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  counters.by_status[static_cast<std::size_t>(at - kStatuses.begin())].add();
  counters.duration.record(duration_ns);
}

void ThreadMetrics::count_rejected(const Exchange& exchange) noexcept {
  const auto count = [this](Errc code) { rejected[static_cast<std::size_t>(code)].add(); };
  for (const ItemError& error : exchange.item_errors) count(error.code);
  const bool refused_whole =
      exchange.reply.status == 400 && exchange.item_errors.empty() && exchange.batch.outcomes.empty();
  if (refused_whole) count(Errc::malformed_request);
}

std::string render_metrics(std::span<const std::unique_ptr<ThreadMetrics>> threads, const Router& router,
                           const ServerGauges& gauges) {
  std::string out;
  const auto routes = router.routes();
  // "none": the path is the client's invention and must not become a label.
  const auto label = [&routes](std::size_t i) {
    if (i == routes.size()) return std::string("method=\"none\",route=\"none\"");
    return "method=\"" + std::string(to_string(routes[i].method)) + "\",route=\"" + routes[i].pattern + "\"";
  };
  header(out, "sluice_http_requests_total", "counter", "Answers by route pattern and status.");
  for (std::size_t i = 0; i <= routes.size(); ++i) {
    for (std::size_t slot = 0; slot < ThreadMetrics::kStatuses.size(); ++slot) {
      std::uint64_t total = 0;
      for (const auto& thread : threads) total += thread->per_route_[i].by_status[slot].value();
      if (total == 0) continue;
      const int status = ThreadMetrics::kStatuses[slot];
      sample(out, "sluice_http_requests_total",
             label(i) + ",code=\"" + (status == 0 ? std::string("other") : std::to_string(status)) + "\"", total);
    }
  }
  header(out, "sluice_http_request_duration_seconds", "histogram",
         "From the complete head to the answer handed to the kernel.");
  const auto merged = std::make_unique<Histogram>();  // Too large for a stack that is not ours to measure.
  for (std::size_t i = 0; i <= routes.size(); ++i) {
    merged->reset();
    for (const auto& thread : threads) merged->merge(thread->per_route_[i].duration);
    if (merged->count() != 0) histogram(out, label(i), *merged);
  }
  header(out, "sluice_connections", "gauge", "Open connections.");
  const std::uint64_t closed = sum(threads, &ThreadMetrics::connections_closed);
  sample(out, "sluice_connections", "", sum(threads, &ThreadMetrics::connections_opened) - closed);
  header(out, "sluice_backpressure_total", "counter", "Times load was made to wait or was refused, by stage.");
  for (std::size_t stage = 0; stage < kBackpressureStages; ++stage) {
    std::uint64_t total = 0;
    for (const auto& thread : threads) total += thread->backpressure[stage].value();
    sample(out, "sluice_backpressure_total", "stage=\"" + std::string(kStageNames[stage]) + "\"", total);
  }
  header(out, "sluice_body_bytes_in_flight", "gauge", "Body bytes that needed a permit and are in memory.");
  sample(out, "sluice_body_bytes_in_flight", "", gauges.body_bytes_in_flight);
  header(out, "sluice_reply_bytes_in_flight", "gauge", "Bytes of answers over 64 KiB that are being sent.");
  sample(out, "sluice_reply_bytes_in_flight", "", gauges.reply_bytes_in_flight);
  header(out, "sluice_connections_max", "gauge", "Connections that may be open at a time.");
  sample(out, "sluice_connections_max", "", gauges.connections_max);
  if (gauges.certificate_not_after != 0) {
    counter(out, "sluice_tls_handshakes_total", "TLS handshakes completed.",
            sum(threads, &ThreadMetrics::tls_handshakes));
    counter(out, "sluice_tls_failures_total", "TLS handshakes that failed, plain HTTP on the TLS port included.",
            sum(threads, &ThreadMetrics::tls_failures));
    header(out, "sluice_tls_certificate_expires_seconds", "gauge", "Unix time when the certificate in use expires.");
    sample(out, "sluice_tls_certificate_expires_seconds", "", static_cast<std::uint64_t>(gauges.certificate_not_after));
  }
  counter(out, "sluice_http_received_bytes_total", "Bytes read from sockets.",
          sum(threads, &ThreadMetrics::bytes_received));
  counter(out, "sluice_http_sent_bytes_total", "Bytes written to sockets.", sum(threads, &ThreadMetrics::bytes_sent));
  counter(out, "sluice_http_heads_refused_total", "Requests refused by the framing gate.",
          sum(threads, &ThreadMetrics::heads_refused));
  counter(out, "sluice_http_deadlines_missed_total", "Connections closed for being too slow.",
          sum(threads, &ThreadMetrics::deadlines_missed));
  counter(out, "sluice_accept_errors_total", "Failed accepts (descriptors, memory).",
          sum(threads, &ThreadMetrics::accept_errors));
  return out;
}

}  // namespace sluice
