#include <cerrno>

#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/transport/connection.h"
#include "net/transport/io_thread.h"
#include "net/transport/text.h"

/// Connection's TLS: the handshake before the first head, and reading.

namespace sluice {
namespace {

using boost::system::error_code;

constexpr std::string_view kPlainTextResponse =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 47\r\nConnection: close\r\n\r\n"
    "This port speaks TLS: use https:// in the URL.\n";

}  // namespace

/// A handshake gets as long as a head does, from the accept on.
void Connection::begin_tls() {
  phase_ = Phase::handshake;
  deadline_ = thread_.coarse_now() + shared_.tuning.head_ns;
  wait_for_handshake(TlsSession::Step::want_read);
}

void Connection::wait_for_handshake(TlsSession::Step wanted) {
  ++pending_;
  socket_.async_wait(wanted == TlsSession::Step::want_write ? Socket::wait_write : Socket::wait_read,
                     [this](const error_code& error) { on_handshake_turn(static_cast<bool>(error)); });
}

void Connection::on_handshake_turn(bool failed) {
  --pending_;
  if (phase_ == Phase::handshake) {
    if (failed) {
      close();
    } else {
      advance_handshake();
    }
    drive();
  }
  settle();
}

void Connection::advance_handshake() {
  if (tls_ == nullptr) {
    char first = 0;
    const ssize_t size = ::recv(socket_.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return wait_for_handshake(TlsSession::Step::want_read);
    if (size <= 0) return close();
    // A TLS record begins with a byte below 32, a request with a letter.
    if (text::is(first, text::kToken)) return refuse_plain_text();
    tls_ = shared_.tls->open(socket_.native_handle());
    if (tls_ == nullptr) return close();
  }
  const TlsSession::Step step = tls_->handshake();
  if (step == TlsSession::Step::done) {
    thread_.metrics().tls_handshakes.add();
    phase_ = Phase::head;
    deadline_ = thread_.coarse_now() + shared_.tuning.idle_ns;
    end_if_draining();
  } else if (step == TlsSession::Step::failed) {
    thread_.metrics().tls_failures.add();
    say_last_and_linger();
  } else {
    wait_for_handshake(step);
  }
}

void Connection::refuse_plain_text() {
  thread_.metrics().tls_failures.add();
  const iovec text{const_cast<char*>(kPlainTextResponse.data()), kPlainTextResponse.size()};
  (void)send_bytes(&text, 1);
  say_last_and_linger();
}

/// TLS may hold bytes that no poll of the socket shows, so it is asked before the socket is waited for. `at_once`: the
/// caller is the event loop, so on_read() may be called here; otherwise it gets a turn of its own.
void Connection::read_tls(char* into, std::size_t room, bool at_once) {
  std::size_t bytes = 0;
  const TlsSession::Step step = tls_->read(into, room, bytes);
  if (step == TlsSession::Step::want_read || step == TlsSession::Step::want_write) {
    socket_.async_wait(step == TlsSession::Step::want_write ? Socket::wait_write : Socket::wait_read,
                       [this, into, room](const error_code& error) {
                         if (error || phase_ == Phase::closed) return on_read(true, 0);
                         read_tls(into, room, true);
                       });
    return;
  }
  const bool failed = step == TlsSession::Step::failed;
  if (at_once) return on_read(failed, bytes);
  boost::asio::post(thread_.context(), [this, failed, bytes] { on_read(failed, bytes); });
}

}  // namespace sluice
