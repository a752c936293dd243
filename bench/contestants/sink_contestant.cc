#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/contestants/contestants.h"
#include "net/dialect/json_cursor.h"

/// (d) The floor: receives a request, walks and checks every field of every score, answers, keeps nothing. One thread
/// per core, each with its own listening socket; just enough HTTP for the load tool.

namespace sluice::bench {
namespace {

volatile sig_atomic_t ended = 0;

/// Serves as a stored batch and as a created label, which is all the load tool asks for.
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 65\r\n\r\n"
    R"({"id":"00000000-0000-4000-8000-000000000001","rejected":0       })";

struct Client {
  std::vector<char> in = std::vector<char>(64 * 1024);
  std::size_t size = 0;
};

struct Totals {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
};

class SinkThread {
 public:
  explicit SinkThread(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) { watch(listener_); }

  void run() {
    std::array<epoll_event, 256> events;
    while (ended == 0) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_)
          accept_all();
        else if (!receive(fd, *clients_[static_cast<std::size_t>(fd)]))
          close(fd);
      }
    }
  }
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (clients_.size() <= static_cast<std::size_t>(fd)) clients_.resize(static_cast<std::size_t>(fd) + 1);
      clients_[static_cast<std::size_t>(fd)] = std::make_unique<Client>();
      watch(fd);
    }
  }

  bool receive(int fd, Client& client) {
    if (client.in.size() - client.size < 4096 + limits::kPadding) client.in.resize(client.in.size() * 2);
    const ssize_t got = recv(fd, client.in.data() + client.size, client.in.size() - client.size - limits::kPadding, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    client.size += static_cast<std::size_t>(got);
    const std::string_view text(client.in.data(), client.size);
    const std::size_t head_end = text.find("\r\n\r\n");
    if (head_end == text.npos) return true;
    const std::size_t field = text.find("Content-Length: ");
    std::size_t length = 0;
    if (field < head_end) std::from_chars(text.data() + field + 16, text.data() + head_end, length);
    if (text.size() < head_end + 4 + length) return true;
    if (length != 0) take(text.substr(head_end + 4, length));
    (void)!send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
    client.size = 0;
    return true;
  }

  void take(std::string_view body) {
    arena_.reset();
    JsonDocument document(parser_, arena_);
    const auto score = [this](JsonValue& item) {
      return item.object([this](std::string_view key, JsonValue& value) {
        if (key != "source_id") return value.skip();
        std::string_view id;
        const Errc code = value.text(id, limits::kSourceIdBytes);
        totals_.sum += source_sum(id);
        ++totals_.count;
        return code;
      });
    };
    const auto scores = [&](JsonValue& list) {
      return list.array([&](std::size_t, JsonValue& item) { return score(item); });
    };
    (void)document.parse(body, [&](JsonValue& root) {
      if (root.kind() == JsonKind::array) return scores(root);
      return root.object([&](std::string_view, JsonValue& list) { return scores(list); });
    });
  }

  int listener_;
  int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  JsonParser parser_;
  Arena arena_;
  Totals totals_;
};

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1024) != 0)
    throw std::runtime_error("the sink cannot listen on port " + std::to_string(port));
  return fd;
}

}  // namespace

int run_sink(const RunOptions& options) {
  struct sigaction action {};
  action.sa_handler = [](int) { ended = 1; };
  sigaction(SIGTERM, &action, nullptr);
  std::vector<std::unique_ptr<SinkThread>> sinks;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    sinks.push_back(std::make_unique<SinkThread>(listen_on(options.port)));
  std::printf("listening\n");
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (auto& sink : sinks) threads.emplace_back([&sink] { sink->run(); });
  for (std::thread& thread : threads) thread.join();
  Totals totals;
  for (const auto& sink : sinks) {
    totals.count += sink->totals().count;
    totals.sum += sink->totals().sum;
  }
  std::printf("{\"contestant\":\"sink\",\"cpu_us_per_score\":%.3f,\"count\":%lu,\"checksum\":\"%016lx\"}\n",
              process_cpu_seconds() * 1e6 / static_cast<double>(totals.count), totals.count, totals.sum);
  return 0;
}

}  // namespace sluice::bench
