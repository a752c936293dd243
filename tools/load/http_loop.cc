#include "tools/load/http_loop.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace sluice::load {
namespace {

constexpr std::size_t kReceiveBytes = 16 * 1024;
constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kAnswerBytesMax = 256u << 20;
constexpr MonotonicTime kReconnectRest = 50'000'000;
constexpr std::uint64_t kTimerSlot = ~std::uint64_t{0};

// Case-blind search for a header's value inside a head; empty when it is not there.
std::string_view header(std::string_view head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos && line + 2 < head.size()) {
    const std::size_t start = line + 2;
    line = head.find("\r\n", start);
    const std::string_view field = head.substr(start, line == std::string_view::npos ? line : line - start);
    if (field.size() <= name.size() || field[name.size()] != ':') continue;
    if (::strncasecmp(field.data(), name.data(), name.size()) != 0) continue;
    std::string_view value = field.substr(name.size() + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    return value;
  }
  return {};
}

}  // namespace

Endpoint::Endpoint(const std::string& url, std::uint16_t port_instead) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) throw std::runtime_error("the URL must start with http://: " + url);
  rest.remove_prefix(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  std::string host(rest);
  std::string port_text = "8420";
  const std::size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port_text = host.substr(colon + 1);
    host.resize(colon);
  }
  if (port_instead != 0) port_text = std::to_string(port_instead);
  host_header = host + ":" + port_text;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port_text.c_str(), &hints, &found);
  if (failed != 0) throw std::runtime_error("cannot resolve " + host_header + ": " + ::gai_strerror(failed));
  std::memcpy(&address, found->ai_addr, found->ai_addrlen);
  address_size = found->ai_addrlen;
  ::freeaddrinfo(found);
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    port = ntohs(v4.sin_port);
    loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  } else {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    port = ntohs(v6.sin6_port);
    loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  }
}

HttpLoop::HttpLoop(const Endpoint& endpoint, std::size_t connections, LoopClient& client)
    : endpoint_(endpoint), client_(client), connections_(connections) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll_ < 0 || timer_ < 0) throw std::runtime_error("cannot create epoll or timer descriptors");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kTimerSlot;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) != 0) throw std::runtime_error("cannot watch the timer");
  // The default slack of 50 us would show up in every paced latency.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

HttpLoop::~HttpLoop() {
  for (Connection& connection : connections_) {
    if (connection.fd >= 0) ::close(connection.fd);
  }
  if (timer_ >= 0) ::close(timer_);
  if (epoll_ >= 0) ::close(epoll_);
}

bool HttpLoop::open(std::size_t slot) {
  const int fd = ::socket(endpoint_.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval limit{2, 0};  // Linux applies it to connect() too.
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&endpoint_.address), endpoint_.address_size) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return false;
  }
  Connection& connection = connections_[slot];
  connection.fd = fd;
  connection.in.resize(kReceiveBytes);
  connection.in_size = connection.head_size = connection.answer_size = 0;
  connection.unsent.clear();
  connection.writing = false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = slot;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void HttpLoop::connect_all() {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    if (!open(slot)) {
      throw std::runtime_error("cannot connect to " + endpoint_.host_header + ": " + std::strerror(errno));
    }
    idle_.push_back(static_cast<std::uint32_t>(slot));
  }
}

void HttpLoop::close(std::size_t slot) {
  Connection& connection = connections_[slot];
  if (connection.fd >= 0) ::close(connection.fd);
  connection.fd = -1;
}

void HttpLoop::fail(std::size_t slot, const char* why) {
  Connection& connection = connections_[slot];
  close(slot);
  if (connection.busy) {
    connection.busy = false;
    --in_flight_;
    client_.lost(slot, why);
    connection.rests_until = monotonic_now() + kReconnectRest;
    resting_.push_back(static_cast<std::uint32_t>(slot));
  } else if (connection.writing) {
    connection.writing = false;
    free_slot(slot, monotonic_now());
  }
  // An idle connection is opened again when it is next needed.
}

void HttpLoop::send(std::size_t slot, std::string_view bytes) {
  Connection& connection = connections_[slot];
  connection.busy = true;
  ++in_flight_;
  const ssize_t sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail(slot, "the connection broke while sending");
  const auto done = static_cast<std::size_t>(sent < 0 ? 0 : sent);
  if (done == bytes.size()) return;
  // The caller's bytes are a shared template: what is left must be copied.
  connection.unsent.assign(bytes.substr(done));
  connection.unsent_at = 0;
  connection.writing = true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = slot;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void HttpLoop::send_rest(std::size_t slot) {
  Connection& connection = connections_[slot];
  const std::string_view rest = std::string_view(connection.unsent).substr(connection.unsent_at);
  const ssize_t sent = ::send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) fail(slot, "the connection broke while sending");
    return;
  }
  connection.unsent_at += static_cast<std::size_t>(sent);
  if (connection.unsent_at < connection.unsent.size()) return;
  connection.writing = false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = slot;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
  if (!connection.busy) free_slot(slot, monotonic_now());
}

bool HttpLoop::parse_head(Connection& connection) {
  const std::string_view seen(connection.in.data(), connection.in_size);
  const std::size_t end = seen.find("\r\n\r\n");
  if (end == std::string_view::npos) return seen.size() < kHeadBytesMax;
  const std::string_view head = seen.substr(0, end + 2);
  if (head.size() < 12 || !head.starts_with("HTTP/1.1 ")) return false;
  const char* digits = head.data() + 9;
  if (std::from_chars(digits, digits + 3, connection.status).ec != std::errc{}) return false;
  const std::string_view length = header(head, "content-length");
  std::size_t body = 0;
  if (std::from_chars(length.data(), length.data() + length.size(), body).ec != std::errc{}) return false;
  if (body > kAnswerBytesMax) return false;
  connection.head_size = end + 4;
  connection.answer_size = connection.head_size + body;
  return true;
}

void HttpLoop::receive(std::size_t slot) {
  Connection& connection = connections_[slot];
  if (connection.in_size == connection.in.size()) connection.in.resize(connection.in.size() * 2);
  const ssize_t got = ::recv(connection.fd, connection.in.data() + connection.in_size,
                             connection.in.size() - connection.in_size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return fail(slot, "the server closed the connection before it answered");
  connection.in_size += static_cast<std::size_t>(got);
  if (!connection.busy) return fail(slot, "an answer nobody asked for");
  if (connection.head_size == 0 && !parse_head(connection)) return fail(slot, "an answer that is not HTTP");
  if (connection.head_size == 0) return;
  if (connection.in.size() < connection.answer_size) connection.in.resize(connection.answer_size);
  if (connection.in_size >= connection.answer_size) finish_answer(slot);
}

void HttpLoop::finish_answer(std::size_t slot) {
  Connection& connection = connections_[slot];
  Answer answer;
  answer.status = connection.status;
  answer.head = {connection.in.data(), connection.head_size - 2};
  answer.body = {connection.in.data() + connection.head_size, connection.answer_size - connection.head_size};
  // Few answers close; looking for the word first keeps the header walk off the common path.
  answer.close = answer.head.find("lose") != std::string_view::npos && header(answer.head, "connection") == "close";
  connection.busy = false;
  --in_flight_;
  const MonotonicTime now = monotonic_now();
  connection.rests_until = client_.answered(slot, answer, now);
  const bool broken = answer.close || connection.in_size > connection.answer_size;
  connection.in_size = connection.head_size = connection.answer_size = 0;
  if (broken) close(slot);
  // A refusal may come before the body is sent; the server reads on, and the next request follows that body.
  if (!broken && connection.writing) return;
  connection.writing = false;
  free_slot(slot, now);
}

void HttpLoop::free_slot(std::size_t slot, MonotonicTime now) {
  (connections_[slot].rests_until > now ? resting_ : idle_).push_back(static_cast<std::uint32_t>(slot));
}

void HttpLoop::wake_rested(MonotonicTime now) {
  std::erase_if(resting_, [&](std::uint32_t slot) {
    if (connections_[slot].rests_until > now) return false;
    idle_.push_back(slot);
    return true;
  });
}

void HttpLoop::start_idle(MonotonicTime now) {
  while (!idle_.empty()) {
    const std::uint32_t slot = idle_.back();
    if (connections_[slot].fd < 0 && !open(slot)) {
      idle_.pop_back();
      connections_[slot].rests_until = now + kReconnectRest;
      resting_.push_back(slot);
      client_.lost(slot, "cannot connect");
      continue;
    }
    const std::string_view bytes = client_.next(slot, now);
    if (bytes.empty()) return;
    idle_.pop_back();
    send(slot, bytes);
    now = monotonic_now();
  }
}

void HttpLoop::wait(MonotonicTime now) {
  MonotonicTime at = client_.end_by();
  const auto earlier = [&](MonotonicTime other) {
    if (other != 0 && (at == 0 || other < at)) at = other;
  };
  if (!idle_.empty()) earlier(client_.wake_at());
  for (const std::uint32_t slot : resting_) earlier(connections_[slot].rests_until);
  if (at != timer_at_) {
    itimerspec spec{};
    const MonotonicTime when = at <= now ? now + 1 : at;
    if (at != 0) spec.it_value = {when / 1'000'000'000, when % 1'000'000'000};
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
    timer_at_ = at;
  }
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kTimerSlot) {
      std::uint64_t expirations = 0;
      static_cast<void>(!::read(timer_, &expirations, sizeof expirations));
      timer_at_ = 0;
      continue;
    }
    const auto slot = static_cast<std::size_t>(event.data.u64);
    if (connections_[slot].fd >= 0 && (event.events & EPOLLOUT) != 0) send_rest(slot);
    if (connections_[slot].fd >= 0 && (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive(slot);
  }
}

void HttpLoop::run() {
  while (true) {
    const MonotonicTime now = monotonic_now();
    wake_rested(now);
    if (!client_.finished(now)) {
      start_idle(now);
    } else if (in_flight_ == 0 || (client_.end_by() != 0 && now >= client_.end_by())) {
      return;
    }
    wait(monotonic_now());
  }
}

}  // namespace sluice::load
