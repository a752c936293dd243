#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "net/transport/http_metrics.h"
#include "net/transport/server_shared.h"

/// A listening socket. Accepts on io thread 0 and deals the descriptors out; one acceptor, not SO_REUSEPORT, because
/// the kernel's hash may put all of a few connections on one thread. Threads: construct before the io threads start;
/// everything else on io thread 0.

namespace sluice {

class Listener {
 public:
  /// Called with each accepted descriptor, already counted in shared.connections.
  using Deal = std::function<void(int descriptor)>;

  /// Takes `descriptor`, which listens.
  Listener(boost::asio::io_context& context, ServerShared& shared, ThreadMetrics& metrics, int descriptor, bool tcp,
           Deal deal);

  void arm();
  /// Takes whatever waits; pauses when there are no descriptors left, or too many connections.
  void accept_all();
  /// Once per tick: goes on after a pause (no descriptors left, or too many connections).
  void on_tick();
  void close();

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  ServerShared& shared_;
  ThreadMetrics& metrics_;
  Descriptor descriptor_;
  const bool tcp_;
  const Deal deal_;
  bool paused_ = false;
};

/// Bind and listen. Throw std::runtime_error with a sentence for the operator.
[[nodiscard]] int listen_tcp(const std::string& address, std::uint16_t port, std::uint16_t& bound_port);
/// A socket file with mode 0600; one left by a dead process is replaced.
[[nodiscard]] int listen_unix(const std::string& path);

}  // namespace sluice
