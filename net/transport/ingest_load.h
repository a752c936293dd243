#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/wait_traits.hpp>

#include "engine/base/time.h"
#include "engine/model/score_record.h"
#include "net/transport/tuning.h"

/// Whether an io thread can still keep up with the scores that are sent to it, and for whom not.
///
/// A thread with too much to do finds new bytes late: they wait in the kernel, first come, first served, where no queue
/// of ours counts them, and every body that is half read makes all others later. A timer rings in the same line, so how
/// late it rings is how long a request waits before it is looked at. While that is too long, requests with scores are
/// refused from their heads, which costs a small part of serving them, until the timer rings in time again.
///
/// Fair share: refused is only a workspace with something being served on this thread, and at least as much as the
/// workspaces being served have on average.
///
/// Threads: the io thread. The timer runs only while there are requests with scores.

namespace sluice {

class IngestLoad {
 public:
  /// A request that waited so long was late. Halved: many connections that are all served within that would be refused
  /// instead; doubled: a new client of a busy server waits so much longer for any answer.
  static constexpr std::int64_t kLateNs = 250'000'000;
  /// A thread whose timer rings so late is busy: bodies lie ready that it has not come to. Halved: the other threads on
  /// its processor make it look busy; doubled: twice as many are under way at a time.
  static constexpr std::int64_t kBusyNs = 20'000'000;

  IngestLoad(boost::asio::io_context& context, const TransportTuning& tuning)
      : tuning_(tuning), timer_(context.get_executor()) {}

  /// Around a request with scores, from its admitted head to its end.
  void began(WorkspaceNumber workspace);
  void ended(WorkspaceNumber workspace) noexcept;

  [[nodiscard]] bool overloaded_by(WorkspaceNumber workspace) const noexcept {
    return late_ != 0 && behind() && has_its_share(workspace);
  }
  /// By kBusyNs.
  [[nodiscard]] bool busy() const noexcept;
  [[nodiscard]] bool has_its_share(WorkspaceNumber workspace) const noexcept;
  /// At each ring; true: ring again, whatever there is to do. Set before any request.
  std::function<bool()> on_ring;
  /// From now on the timer runs.
  void arm();
  void stop();

 private:
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>,
                                                  boost::asio::io_context::executor_type>;
  [[nodiscard]] bool behind() const noexcept;

  const TransportTuning& tuning_;
  Timer timer_;
  bool armed_ = false;
  bool stopped_ = false;
  bool busy_ = false;
  MonotonicTime due_ = 0;
  int late_ = 0;  // So many times in a row.
  std::vector<std::uint32_t> serving_;  // By workspace number.
  std::uint64_t all_ = 0;
  std::uint64_t active_ = 0;  // Workspaces with something being served.
};

}  // namespace sluice
