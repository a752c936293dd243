#include "tools/load/sink.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::load {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 65\r\n\r\n"
    R"({"id":"00000000-0000-4000-8000-000000000001","rejected":0       })";
static_assert(kAnswer.substr(kAnswer.find("\r\n\r\n") + 4).size() == 65);

constexpr std::size_t kReceiveBytes = 64 * 1024;

struct Connection {
  std::vector<char> in = std::vector<char>(kReceiveBytes);
  std::size_t size = 0;
};

// Bytes of the first whole request in `seen`; 0: not whole yet. `body` is its body's size.
std::size_t whole_request(std::string_view seen, std::size_t& body) {
  const std::size_t end = seen.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  body = 0;
  const std::size_t field = seen.substr(0, end).find("Content-Length: ");
  if (field != std::string_view::npos) std::from_chars(seen.data() + field + 16, seen.data() + end, body);
  return seen.size() >= end + 4 + body ? end + 4 + body : 0;
}

}  // namespace

struct Sink::State {
  int listener = -1;
  int epoll = -1;
  int stop = -1;
  std::uint16_t port = 0;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes{0};
  std::unordered_map<int, Connection> connections;  // The thread's own.
  std::jthread thread;

  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_one() {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[fd];
    watch(fd);
  }

  void drop(int fd) {
    ::close(fd);
    connections.erase(fd);
  }

  void serve(int fd) {
    Connection& connection = connections[fd];
    if (connection.size == connection.in.size()) connection.in.resize(connection.in.size() * 2);
    const ssize_t got = ::recv(fd, connection.in.data() + connection.size, connection.in.size() - connection.size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return drop(fd);
    connection.size += static_cast<std::size_t>(got);
    std::size_t begin = 0;
    std::size_t body = 0;
    while (begin < connection.size) {
      const std::size_t whole = whole_request({connection.in.data() + begin, connection.size - begin}, body);
      if (whole == 0) break;
      begin += whole;
      bytes.fetch_add(body, std::memory_order_relaxed);
      requests.fetch_add(1, std::memory_order_relaxed);
      // Answers are far smaller than a socket buffer; a client that reads none of them is dropped.
      if (::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kAnswer.size()))
        return drop(fd);
    }
    if (begin == 0) return;
    std::memmove(connection.in.data(), connection.in.data() + begin, connection.size - begin);
    connection.size -= begin;
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (true) {
      const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == stop) return;
        fd == listener ? accept_one() : serve(fd);
      }
    }
  }
};

Sink::Sink(std::uint16_t port) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(state.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(state.listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(state.listener, 1024) != 0 ||
      ::getsockname(state.listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error(std::string("the sink cannot listen: ") + std::strerror(errno));
  }
  state.port = ntohs(address.sin_port);
  state.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  state.stop = ::eventfd(0, EFD_CLOEXEC);
  state.watch(state.listener);
  state.watch(state.stop);
  state.thread = std::jthread([&state] { state.run(); });
}

Sink::~Sink() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->stop, &one, sizeof one));
  state_->thread.join();
  for (const auto& [fd, connection] : state_->connections) ::close(fd);
  for (const int fd : {state_->listener, state_->epoll, state_->stop}) ::close(fd);
}

std::uint16_t Sink::port() const noexcept { return state_->port; }
std::uint64_t Sink::requests() const noexcept { return state_->requests.load(std::memory_order_relaxed); }
std::uint64_t Sink::body_bytes() const noexcept { return state_->bytes.load(std::memory_order_relaxed); }

}  // namespace sluice::load
