#pragma once

#include <cstdint>
#include <memory>
#include <string>

/// A server that receives requests, answers 200 with a fixed JSON text and stores nothing: the generator's own speed,
/// and the floor a real server is compared with. One epoll thread. Parses the head just enough to find the body's end.
/// Threads: construct, stop and read the counters from one thread.

namespace sluice::load {

class Sink {
 public:
  /// Binds 127.0.0.1:port (0: any free one) and serves at once. Throws std::runtime_error.
  explicit Sink(std::uint16_t port = 0);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::uint64_t requests() const noexcept;
  [[nodiscard]] std::uint64_t body_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::load
