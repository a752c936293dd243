#include "net/transport/connection.h"

#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/transport/io_thread.h"
#include "net/transport/response_head.h"

namespace sluice {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Head and a body of a hundred scores in one buffer, read with one call. Doubled: 10 000 idle connections may hold
// twice as much; halved: bodies over 16 KiB take a buffer of their own.
constexpr std::size_t kBufferBytes = 32 * 1024;
static_assert(kBufferBytes >= limits::kHeadBytes);
// What a closing connection still reads so that its last answer is not lost to a reset.
constexpr std::size_t kLingerBytes = 64u << 20;

// How long a connection is still read while the server stops; what one holds is answered in far less.
constexpr std::int64_t kDrainReadNs = 5'000'000'000;

constexpr std::string_view kTimeoutResponse =
    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

Connection::Connection(IoThread& thread, Socket socket, bool admin, AddressPlaces::Place place)
    : thread_(thread),
      shared_(thread.shared()),
      socket_(std::move(socket)),
      admin_(admin),
      place_(std::move(place)) {}

Connection::~Connection() { thread_.buffers().give(std::move(buffer_)); }

void Connection::start() {
  error_code ignored;
  socket_.native_non_blocking(true, ignored);
  buffer_ = thread_.buffers().take(kBufferBytes);
  if (shared_.tls != nullptr && !admin_) {
    begin_tls();
  } else {
    deadline_ = thread_.coarse_now() + shared_.tuning.idle_ns;
    drive();
  }
  settle();
}

void Connection::drive() {
  for (;;) {
    if (phase_ == Phase::head) {
      if (!advance_head()) return;
    } else if (phase_ == Phase::body) {
      if (!advance_body()) return;
    } else {
      return;
    }
  }
}

/// True: something was decided, look again. False: waiting.
bool Connection::advance_head() {
  // RFC 9112 §2.2: one empty line before a request is ignored. A second one is not, however the bytes arrive.
  if (!empty_line_seen_ && scanner_.lines() == 0 && received() >= 2 && buffer_.data()[begin_] == '\r' &&
      buffer_.data()[begin_ + 1] == '\n') {
    begin_ += 2;
    empty_line_seen_ = true;
  }
  const bool half_empty_line = !empty_line_seen_ && received() == 1 && buffer_.data()[begin_] == '\r';
  if (received() == 0 || half_empty_line) {
    read_more();
    return false;
  }
  const HeadVerdict verdict = scanner_.scan({buffer_.data() + begin_, received()});
  if (verdict.state == HeadVerdict::State::incomplete) {
    read_more();
    return false;
  }
  request_ = thread_.take_request();
  request_->started = shared_.tuning.now();
  request_->exchange.now = wall_now();
  if (verdict.state == HeadVerdict::State::refused) {
    refuse_head(verdict);
    return true;
  }
  head_size_ = scanner_.size();
  // Room for chunks behind the head; from here on the request borrows from the buffer, which must not move.
  if (begin_ + head_size_ > kBufferBytes / 2) compact();
  begin_request();
  return true;
}

bool Connection::advance_body() {
  if (request_->head.chunked) return advance_chunked_body();
  if (!separate_body_) return advance_inline_body();
  if (request_->body_size < request_->head.content_length) {
    read_more();
    return false;
  }
  request_->exchange.request.body = {request_->body.data(), request_->body_size};
  body_complete();
  return true;
}

bool Connection::advance_inline_body() {
  const std::size_t length = static_cast<std::size_t>(request_->head.content_length);
  if (received() - head_size_ < length) {
    read_more();
    return false;
  }
  tail_size_ = length;
  request_->exchange.request.body = {buffer_.data() + begin_ + head_size_, length};
  body_complete();
  return true;
}

/// Framing is read behind the head, data is copied to the body, so that what follows the message stays in place.
bool Connection::advance_chunked_body() {
  const std::size_t body_at = begin_ + head_size_;
  std::size_t at = body_at;
  for (;;) {
    const ChunkedBody::Step step = request_->chunks.next({buffer_.data() + at, end_ - at});
    at += step.consumed;
    if (step.state == ChunkedBody::State::data) {
      if (!grow_chunked_body(step.data.size())) return true;
      std::memcpy(request_->body.data() + request_->body_size, step.data.data(), step.data.size());
      request_->body_size += step.data.size();
      continue;
    }
    if (step.state == ChunkedBody::State::refused) {
      close_after_ = unread_input_ = true;
      refuse(400, Errc::malformed_request, request_->chunks.reason(), 0);
      return true;
    }
    std::memmove(buffer_.data() + body_at, buffer_.data() + at, end_ - at);
    end_ -= at - body_at;
    if (step.state == ChunkedBody::State::need_more) {
      read_more();
      return false;
    }
    request_->exchange.request.body = {request_->body.data(), request_->body_size};
    body_complete();
    return true;
  }
}

void Connection::compact() {
  if (begin_ == 0) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, received());
  end_ -= begin_;
  begin_ = 0;
}

void Connection::read_more() {
  char* into = nullptr;
  std::size_t room = 0;
  if (phase_ == Phase::body && separate_body_ && !request_->head.chunked) {
    into = request_->body.data() + request_->body_size;
    room = static_cast<std::size_t>(request_->head.content_length) - request_->body_size;
  } else {
    // Nothing borrows from the buffer before the head is complete.
    if (phase_ == Phase::head) compact();
    into = buffer_.data() + end_;
    room = buffer_.capacity() - end_;
  }
  SLUICE_CHECK(room > 0);  // Heads and inline bodies fit by their limits.
  ++pending_;
  if (tls_ != nullptr) return read_tls(into, room, false);
  socket_.async_read_some(asio::buffer(into, room), [this](const error_code& error, std::size_t bytes) {
    on_read(static_cast<bool>(error), bytes);
  });
}

void Connection::on_read(bool failed, std::size_t bytes) {
  --pending_;
  if (phase_ == Phase::closed) return settle();
  thread_.metrics().bytes_received.add(bytes);
  if (failed) {
    // The client is gone, or has said all: what was not complete is dropped.
    close();
    return settle();
  }
  if (phase_ == Phase::lingering) {
    body_received_ += bytes;
    if (body_received_ > kLingerBytes) {
      close();
    } else {
      linger();
    }
    return settle();
  }
  if (phase_ == Phase::head) {
    if (received() == 0 && !empty_line_seen_) deadline_ = thread_.coarse_now() + shared_.tuning.head_ns;
    end_ += bytes;
  } else {
    body_received_ += bytes;
    if (separate_body_ && !request_->head.chunked) {
      request_->body_size += bytes;
    } else {
      end_ += bytes;
    }
  }
  drive();
  settle();
}

void Connection::send_response() {
  ActiveRequest& request = *request_;
  Reply& answer = request.exchange.reply;
  close_after_ = close_after_ || answer.close || !request.head.keep_alive;
  // The client may have sent more since; what it sent before was looked for.
  if (shared_.draining.load(std::memory_order_relaxed) && !more_was_received()) close_after_ = unread_input_ = true;
  render_response_head(
      request.response_head, answer,
      {request.head.minor_version, close_after_, request.exchange.request.request_id, allow_, thread_.date()});
  if (request.head.method == Method::head || answer.status == 204) answer.body.clear();
  request.sent = 0;
  phase_ = Phase::writing;
  deadline_ = thread_.coarse_now() + shared_.tuning.write_ns;
  continue_sending();
}

/// As sendmsg(2), which it is unless there is TLS between.
ssize_t Connection::send_bytes(const iovec* parts, std::size_t count) {
  if (tls_ != nullptr) return tls_->send(parts, count);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  return ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
}

/// Straight to the kernel: nearly every response fits the socket's buffer, and so needs no operation and no handler.
void Connection::continue_sending() {
  ActiveRequest& request = *request_;
  const std::string& head = request.response_head;
  const std::string& body = request.exchange.reply.body;
  const std::size_t total = head.size() + body.size();
  while (request.sent < total) {
    const std::size_t in_head = std::min(request.sent, head.size());
    const std::size_t in_body = request.sent - in_head;
    // sendmsg does not write to what it sends; its interface is older than const.
    iovec parts[2] = {{const_cast<char*>(head.data() + in_head), head.size() - in_head},
                      {const_cast<char*>(body.data() + in_body), body.size() - in_body}};
    const ssize_t sent = send_bytes(parts, 2);
    if (sent >= 0) {
      request.sent += static_cast<std::size_t>(sent);
      thread_.metrics().bytes_sent.add(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return close();
    ++pending_;
    socket_.async_wait(Socket::wait_write, [this](const error_code& error) { on_writable(static_cast<bool>(error)); });
    return;
  }
  response_sent();
}

void Connection::on_writable(bool failed) {
  --pending_;
  if (phase_ == Phase::writing) {
    if (failed) {
      close();
    } else {
      continue_sending();
    }
    drive();
  }
  settle();
}

void Connection::response_sent() {
  ActiveRequest& request = *request_;
  const std::size_t route = request.route == nullptr ? thread_.metrics().no_route() : request.route->index;
  thread_.metrics().answered(route, request.exchange.reply.status, shared_.tuning.now() - request.started);
  if (request.route != nullptr && request.route->method == Method::post && request.route->scope == kIngest)
    thread_.metrics().count_rejected(request.exchange);
  if (!close_after_) return expect_next_request();
  if (!unread_input_) return close();
  say_last_and_linger();
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

void Connection::expect_next_request() {
  give_back_request();
  begin_ += head_size_ + tail_size_;
  if (begin_ == end_) begin_ = end_ = 0;
  head_size_ = tail_size_ = 0;
  allow_ = {};
  empty_line_seen_ = false;
  scanner_.reset();
  phase_ = Phase::head;
  deadline_ = thread_.coarse_now() + (received() == 0 ? shared_.tuning.idle_ns : shared_.tuning.head_ns);
}

void Connection::give_back_request() {
  if (request_ == nullptr) return;
  request_->reset(thread_.buffers());
  thread_.give_request(std::move(request_));
}

void Connection::on_tick(MonotonicTime now) {
  const bool timed = phase_ == Phase::handshake || phase_ == Phase::head || phase_ == Phase::body ||
                     phase_ == Phase::writing || phase_ == Phase::lingering;
  if (!timed) return;
  bool late = now >= deadline_;
  if (phase_ == Phase::body && now - body_began_ > shared_.tuning.body_grace_ns) {
    // A deadline alone would let a client trickle for minutes and hold its permit.
    const std::int64_t seconds = (now - body_began_) / 1'000'000'000;
    late = late || static_cast<std::int64_t>(body_received_) < seconds * limits::kBodyBytesPerSecond;
  }
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

/// While the server stops: whether another request of this connection came before its end was announced. Not for ever,
/// or a client that never pauses would hold the process until it is killed.
bool Connection::more_was_received() {
  if (drain_until_ == 0) drain_until_ = thread_.coarse_now() + kDrainReadNs;
  if (thread_.coarse_now() >= drain_until_) return false;
  return received() > head_size_ + tail_size_ || kernel_has_bytes();
}

void Connection::on_drain() {
  const bool idle = phase_ == Phase::handshake || (phase_ == Phase::head && received() == 0);
  // What was received of a next request is answered, and that answer is the last: so a connection with bytes in the
  // kernel stays, and the read is cancelled, not cut off, because it may have been done already.
  error_code ignored;
  if (idle && !kernel_has_bytes()) socket_.cancel(ignored);
}

void Connection::on_stop() {
  if (phase_ != Phase::closed) close();
  settle();
}

void Connection::close() {
  if (phase_ == Phase::admission) thread_.forget_admission(*this);
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
