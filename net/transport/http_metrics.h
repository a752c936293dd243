#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/histogram.h"
#include "net/dialect/exchange.h"
#include "net/transport/router.h"

/// The transport's counters. Each io thread writes its own; a reading sums them, relaxed.

namespace sluice {

/// Written by one thread; read by any.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Where load was refused or reading stopped.
enum class Backpressure : std::uint8_t {
  admission_wait,
  admission_full,
  disk_full,
  read_pool,
  body_bytes,
  connections,
  address,
  rate_limit,
  io_thread,
  reply_bytes,
  failed_auth,
  body_wait
};
inline constexpr std::size_t kBackpressureStages = 12;

/// What is the server's, not a thread's.
struct ServerGauges {
  std::uint64_t body_bytes_in_flight = 0;
  std::uint64_t reply_bytes_in_flight = 0;
  std::uint64_t connections_max = 0;
  std::int64_t certificate_not_after = 0;  ///< Unix seconds; 0: no TLS.
};

class ThreadMetrics {
 public:
  /// `routes`: how many there are; one slot more counts requests that found none.
  explicit ThreadMetrics(std::size_t routes) : per_route_(routes + 1) {}

  void answered(std::size_t route, int status, std::int64_t duration_ns) noexcept;
  /// Of a write whose answer is complete: what a decoder refused.
  void count_rejected(const Exchange& exchange) noexcept;
  [[nodiscard]] std::size_t no_route() const noexcept { return per_route_.size() - 1; }

  Counter connections_opened;
  Counter connections_closed;
  Counter bytes_received;
  Counter bytes_sent;
  Counter heads_refused;
  Counter deadlines_missed;
  Counter accept_errors;
  Counter tls_handshakes;
  Counter tls_failures;
  /// Scores that never reached the engine, by Errc: bad items by their own code, a request refused whole as one.
  std::array<Counter, kErrcCount> rejected;
  std::array<Counter, kBackpressureStages> backpressure;

 private:
  friend std::string render_metrics(std::span<const std::unique_ptr<ThreadMetrics>> threads, const Router& router,
                                    const ServerGauges& gauges);
  // The statuses this server sends; the last slot counts any other.
  static constexpr std::array<int, 26> kStatuses = {200, 201, 202, 204, 207, 400, 401, 403, 404, 405, 408, 409, 410,
                                                    413, 414, 415, 417, 422, 429, 431, 500, 501, 503, 505, 507, 0};
  struct PerRoute {
    std::array<Counter, kStatuses.size()> by_status;
    Histogram duration;
  };
  std::vector<PerRoute> per_route_;
};

/// Prometheus text. Routes that were never asked for are left out.
[[nodiscard]] std::string render_metrics(std::span<const std::unique_ptr<ThreadMetrics>> threads, const Router& router,
                                         const ServerGauges& gauges);

}  // namespace sluice
