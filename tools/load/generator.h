#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/histogram.h"
#include "tools/load/ack_log.h"
#include "tools/load/ack_set.h"
#include "tools/load/bodies.h"
#include "tools/load/http_loop.h"

/// The sending side of a run: which request goes out when, and what its answer means.

namespace sluice::load {

/// What all generator threads of a run share. Written by main before the threads start, except the atomics.
struct RunState {
  const LoadOptions& options;
  const Plan& plan;
  AckLog* ack_log = nullptr;
  MonotonicTime begin = 0;
  MonotonicTime measure_from = 0;           ///< After the warm-up.
  MonotonicTime end = 0;
  std::atomic<std::uint64_t> next_request{0};
  std::atomic<bool> stop{false};            ///< Set by the first thread that lost the server, if asked to stop then.
};

/// Counted by one generator thread, read by main while it runs.
struct RunCounters {
  std::atomic<std::uint64_t> acked_requests{0};   ///< All.
  std::atomic<std::uint64_t> acked_scores{0};     ///< All.
  std::atomic<std::uint64_t> measured_scores{0};  ///< Acked between measure_from and end.
  std::atomic<std::uint64_t> measured_requests{0};
  std::atomic<std::uint64_t> measured_answers{0}; ///< Of any status.
  std::atomic<std::uint64_t> refused_items{0};    ///< Bad items named as they must be.
  std::atomic<std::uint64_t> refused_requests{0}; ///< 429, 503, 507.
  std::atomic<std::uint64_t> unexpected{0};       ///< Answers that were not what they must be.
  std::atomic<std::uint64_t> lost{0};             ///< In flight when the connection ended.
  std::array<std::atomic<std::uint64_t>, 600> statuses{};
  Histogram latency;                              ///< Of measured requests.
  std::array<Histogram, 2> recent;                ///< For the progress line, used in turn.
  std::atomic<unsigned> recent_index{0};
};

class Generator final : public LoopClient {
 public:
  /// `thread` of options.threads; owns the paced requests thread, thread + threads, …
  Generator(RunState& state, BodyPool& bodies, std::uint32_t thread, std::size_t connections);

  [[nodiscard]] std::string_view next(std::size_t slot, MonotonicTime now) override;
  [[nodiscard]] MonotonicTime answered(std::size_t slot, const Answer& answer, MonotonicTime now) override;
  void lost(std::size_t slot, const char* why) override;
  [[nodiscard]] MonotonicTime wake_at() const override;
  [[nodiscard]] bool finished(MonotonicTime now) override;
  [[nodiscard]] MonotonicTime end_by() const override;

  [[nodiscard]] RunCounters& counters() noexcept { return counters_; }
  [[nodiscard]] const AckSet& acked() const noexcept { return acked_; }
  /// The first few answers that were not what they must be, in words.
  [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }

 private:
  struct InFlight {
    bool active = false;
    std::uint64_t request = 0;
    MonotonicTime since = 0;  ///< Intended send time (open loop) or send time.
  };

  [[nodiscard]] bool stored_as_it_must(std::uint64_t request, const Answer& answer);
  void complain(std::uint64_t request, const Answer& answer);
  [[nodiscard]] MonotonicTime due() const noexcept;

  RunState& state_;
  BodyPool& bodies_;
  double interval_ns_ = 0;        ///< Between this thread's requests; 0: closed loop.
  double offset_ns_ = 0;
  std::uint64_t sent_ = 0;
  bool exhausted_ = false;
  std::vector<InFlight> slots_;
  AckSet acked_;
  std::vector<std::string> complaints_;
  RunCounters counters_;
};

}  // namespace sluice::load
