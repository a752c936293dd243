#include "net/transport/listener.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice {
namespace {

constexpr int kBacklog = 4096;
// Of the Unix socket, past connections_max: however many clients there are, operators can revoke a key, make a backup
// and look after the server. Doubled: so many more descriptors; halved: fewer commands at a time on a full server.
constexpr std::size_t kOperatorPlaces = 32;

[[noreturn]] void fail(const std::string& what, int error, int descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  throw std::runtime_error(what + ": " + std::strerror(error) + ".");
}

}  // namespace

Listener::Listener(boost::asio::io_context& context, ServerShared& shared, ThreadMetrics& metrics, int descriptor,
                   bool tcp, Deal deal)
    : shared_(shared),
      metrics_(metrics),
      descriptor_(context.get_executor(), descriptor),
      tcp_(tcp),
      deal_(std::move(deal)) {}

void Listener::arm() {
  descriptor_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) accept_all();
  });
}

void Listener::accept_all() {
  if (!descriptor_.is_open()) return;
  const std::size_t most = shared_.options.connections_max + (tcp_ ? 0 : kOperatorPlaces);
  for (;;) {
    // Counted first, so that two listeners cannot both take the last place.
    if (shared_.connections.fetch_add(1, std::memory_order_relaxed) >= most) {
      shared_.connection_closed();
      metrics_.backpressure[static_cast<std::size_t>(Backpressure::connections)].add();
      paused_ = true;  // The backlog waits; the next tick looks again.
      return;
    }
    const int accepted = ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
      const int on = 1;
      if (tcp_) (void)::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      deal_(accepted);
      continue;
    }
    const int error = errno;
    shared_.connection_closed();
    if (error == EAGAIN || error == EWOULDBLOCK) return arm();
    if (error == EINTR || error == ECONNABORTED) continue;
    // No descriptors or memory: the listener stays readable, and trying again at once would only spin.
    metrics_.accept_errors.add();
    paused_ = true;
    return;
  }
}

void Listener::on_tick() {
  if (!paused_) return;
  paused_ = false;
  accept_all();
}

void Listener::close() {
  paused_ = false;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

int listen_tcp(const std::string& address, std::uint16_t port, std::uint16_t& bound_port) {
  const std::string what = "Cannot listen on " + address + ":" + std::to_string(port);
  boost::system::error_code error;
  const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::make_address(address, error), port);
  if (error) throw std::runtime_error(what + ": not an IP address.");
  const int descriptor = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(what, errno, -1);
  const int on = 1;
  if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail(what, errno, descriptor);
  if (::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) fail(what, errno, descriptor);
  if (::listen(descriptor, kBacklog) != 0) fail(what, errno, descriptor);
  boost::asio::ip::tcp::endpoint bound;
  socklen_t size = static_cast<socklen_t>(bound.capacity());
  if (::getsockname(descriptor, bound.data(), &size) != 0) fail(what, errno, descriptor);
  bound.resize(size);
  bound_port = bound.port();
  return descriptor;
}

int listen_unix(const std::string& path) {
  const std::string what = "Cannot listen on " + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::runtime_error(what + ": the path is longer than " + std::to_string(sizeof address.sun_path - 1) +
                             " bytes.");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(what, errno, -1);
  ::unlink(path.c_str());  // The data directory's lock says that no living process serves it.
  // Never open to others, not even between bind and chmod. At start-up, before other threads make files.
  const mode_t mask = ::umask(0177);
  const int bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) fail(what, error, descriptor);
  if (::listen(descriptor, kBacklog) != 0) fail(what, errno, descriptor);
  return descriptor;
}

}  // namespace sluice
