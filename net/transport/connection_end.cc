#include <sys/socket.h>
#include <sys/uio.h>

#include "net/transport/connection.h"
#include "net/transport/io_thread.h"

/// Connection's endings: bytes that nobody wants any more, deadlines, and the ways a connection closes.

namespace sluice {
namespace {

using boost::system::error_code;

// What a closing connection still reads so that its last answer is not lost to a reset.
constexpr std::size_t kLingerBytes = 64u << 20;

// How long a connection is still read while the server stops; what one holds is answered in far less.
constexpr std::int64_t kDrainReadNs = 5'000'000'000;

constexpr std::string_view kTimeoutResponse =
    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

/// The request was refused from its head and is answered; the rest of its body is still to come. Exactly that much is
/// thrown away, under the body's deadlines, and the connection goes on: for the client and for us a new one costs more.
void Connection::skip_body() {
  give_back_request();
  begin_ = end_ = head_size_ = tail_size_ = 0;  // All that was received was this request.
  phase_ = Phase::skipping;
  read_little_ = true;
  body_received_ = 0;
  body_began_ = thread_.coarse_now();
  const bool draining = shared_.draining.load(std::memory_order_relaxed);
  deadline_ = body_began_ + (draining ? kDrainReadNs : shared_.tuning.body_ns);
  read_more();
}

void Connection::skipped(std::size_t bytes) {
  body_received_ += bytes;
  skip_left_ -= bytes;
  if (skip_left_ != 0) return read_more();
  expect_next_request();
  drive();
}

/// Closing with input unread would reset the connection and could take the answer with it.
void Connection::say_last_and_linger() {
  if (tls_ != nullptr) tls_->say_goodbye();
  tls_.reset();  // What still comes is thrown away as it is.
  ::shutdown(socket_.native_handle(), SHUT_WR);
  give_back_request();
  phase_ = Phase::lingering;
  body_received_ = 0;
  deadline_ = thread_.coarse_now() + shared_.tuning.linger_ns;
  linger();
}

void Connection::linger() {
  begin_ = end_ = 0;
  read_more();
}

void Connection::lingered(std::size_t bytes) {
  body_received_ += bytes;
  if (body_received_ > kLingerBytes) return close();
  linger();
}

void Connection::on_tick(MonotonicTime now) {
  const bool timed = phase_ == Phase::handshake || phase_ == Phase::head || phase_ == Phase::body ||
                     phase_ == Phase::writing || phase_ == Phase::skipping || phase_ == Phase::lingering;
  if (!timed) return;
  bool late = now >= deadline_;
  const bool body = phase_ == Phase::body || phase_ == Phase::skipping;
  if (body && now - body_began_ > shared_.tuning.body_grace_ns) {
    // A deadline alone would let a client trickle for minutes and hold its permit.
    const std::int64_t seconds = (now - body_began_) / 1'000'000'000;
    late = late || static_cast<std::int64_t>(body_received_) < seconds * limits::kBodyBytesPerSecond;
  }
  // What lies in the kernel has come in time: it waits for this thread, which fell behind, and the next tick looks
  // again. (An answer that is not read is its client's doing whatever the client has sent; lingering has its own end.)
  if (late && phase_ != Phase::writing && phase_ != Phase::lingering && kernel_has_bytes()) return;
  if (late) time_out();
  settle();
}

void Connection::time_out() {
  const bool idle = phase_ == Phase::head && received() == 0;
  if (!idle && phase_ != Phase::lingering) thread_.metrics().deadlines_missed.add();
  if (!idle && (phase_ == Phase::head || phase_ == Phase::body)) {
    // At best: a client that reads nothing loses nothing.
    const iovec text{const_cast<char*>(kTimeoutResponse.data()), kTimeoutResponse.size()};
    (void)send_bytes(&text, 1);
  }
  close();
}

bool Connection::kernel_has_bytes() {
  char next = 0;
  return ::recv(socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/// Received by the process or the kernel, and not in the buffer yet.
bool Connection::bytes_wait() { return (tls_ != nullptr && tls_->holds_bytes()) || kernel_has_bytes(); }

/// While the server stops: whether another request of this connection came before its end was announced. Not for ever,
/// or a client that never pauses would hold the process until it is killed.
bool Connection::more_was_received() {
  if (drain_until_ == 0) drain_until_ = thread_.coarse_now() + kDrainReadNs;
  if (thread_.coarse_now() >= drain_until_) return false;
  return received() > head_size_ + tail_size_ || bytes_wait();
}

/// A connection falls idle that on_drain() found busy: nobody will come by again.
void Connection::end_if_draining() {
  if (!shared_.draining.load(std::memory_order_relaxed)) return;
  if (!more_was_received()) return say_last_and_linger();
  deadline_ = std::min(deadline_, thread_.coarse_now() + kDrainReadNs);
}

void Connection::on_drain() {
  const bool idle = phase_ == Phase::handshake || (phase_ == Phase::head && received() == 0);
  // What was received of a next request is answered, and that answer is the last: so a connection with bytes in the
  // kernel stays, and the read is cancelled, not cut off, because it may have been done already.
  error_code ignored;
  if (idle && !bytes_wait()) socket_.cancel(ignored);
  if (idle || phase_ == Phase::skipping) deadline_ = std::min(deadline_, thread_.coarse_now() + kDrainReadNs);
}

void Connection::on_stop() {
  if (phase_ != Phase::closed) close();
  settle();
}

void Connection::close() {
  if (phase_ == Phase::admission) thread_.forget_admission(*this);
  if (phase_ == Phase::turn) thread_.body_gate().forget(*this);
  if (tls_ != nullptr) tls_->say_goodbye();
  phase_ = Phase::closed;
  error_code ignored;
  socket_.close(ignored);
}

/// Frees a closed connection that nothing will call any more. Always the last act of an event.
void Connection::settle() {
  if (phase_ != Phase::closed || pending_ != 0) return;
  give_back_request();
  thread_.remove(*this);
}

}  // namespace sluice
