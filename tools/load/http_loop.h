#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "engine/base/time.h"

/// Many keep-alive HTTP/1.1 connections driven by one thread over epoll, one request in flight on each. Knows just
/// enough HTTP to find an answer's status and end; everything else is the client's.

namespace sluice::load {

/// host and port of an http:// URL, resolved. Throws std::runtime_error with a sentence for the user.
struct Endpoint {
  explicit Endpoint(const std::string& url, std::uint16_t port_instead = 0);
  std::string host_header;
  std::uint16_t port = 0;
  sockaddr_storage address{};
  socklen_t address_size = 0;
  bool loopback = false;
};

/// Borrowed from the connection's buffer; valid during the call that gives it.
struct Answer {
  int status = 0;
  std::string_view head;
  std::string_view body;
  bool close = false;
};

/// Decides what the loop sends and what an answer means. All calls come from the loop's thread.
class LoopClient {
 public:
  virtual ~LoopClient() = default;
  /// A connection is free. The bytes to send on it now (only borrowed during the call), or empty: nothing to send yet.
  [[nodiscard]] virtual std::string_view next(std::size_t slot, MonotonicTime now) = 0;
  /// The answer to the slot's request. Returns until when the connection should rest (0: not at all).
  [[nodiscard]] virtual MonotonicTime answered(std::size_t slot, const Answer& answer, MonotonicTime now) = 0;
  /// The connection ended with a request in flight.
  virtual void lost(std::size_t slot, const char* why) = 0;
  /// When next() should be asked again although nothing happened; 0: no such time.
  [[nodiscard]] virtual MonotonicTime wake_at() const = 0;
  /// No more requests: the loop ends when none is in flight, at the latest at `end_by()`.
  [[nodiscard]] virtual bool finished(MonotonicTime now) = 0;
  [[nodiscard]] virtual MonotonicTime end_by() const = 0;
};

class HttpLoop {
 public:
  HttpLoop(const Endpoint& endpoint, std::size_t connections, LoopClient& client);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  /// Connects all. Throws std::runtime_error when the server cannot be reached.
  void connect_all();
  void run();
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  struct Connection {
    int fd = -1;
    bool busy = false;     ///< A request is in flight.
    bool writing = false;  ///< EPOLLOUT is asked for; `unsent` holds the rest. Also behind an early answer.
    MonotonicTime rests_until = 0;
    std::string unsent;
    std::size_t unsent_at = 0;
    std::vector<char> in;  ///< Received bytes of the answer.
    std::size_t in_size = 0;
    std::size_t head_size = 0;  ///< 0: the head is not complete.
    std::size_t answer_size = 0;
    int status = 0;
  };

  [[nodiscard]] bool open(std::size_t slot);
  void close(std::size_t slot);
  void fail(std::size_t slot, const char* why);
  void start_idle(MonotonicTime now);
  void send(std::size_t slot, std::string_view bytes);
  void send_rest(std::size_t slot);
  void receive(std::size_t slot);
  /// False: the connection is broken.
  [[nodiscard]] bool parse_head(Connection& connection);
  void finish_answer(std::size_t slot);
  /// The connection may take its next request, once it has rested.
  void free_slot(std::size_t slot, MonotonicTime now);
  void wait(MonotonicTime now);
  void wake_rested(MonotonicTime now);

  const Endpoint& endpoint_;
  LoopClient& client_;
  std::vector<Connection> connections_;
  std::vector<std::uint32_t> idle_;
  std::vector<std::uint32_t> resting_;
  int epoll_ = -1;
  int timer_ = -1;
  MonotonicTime timer_at_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace sluice::load
