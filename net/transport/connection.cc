#include "net/transport/connection.h"

#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <sys/mman.h>
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
// At first, and behind a request that was refused or had a long body: most heads, and of a body that would be copied or
// thrown away no more than fits the same page or two. Halved: long heads take two reads;
// doubled: twice as much is copied for nothing.
constexpr std::size_t kLittleBytes = 4 * 1024;

// As much as a refused request's body may have: one call for what has come of it.
constexpr std::size_t kNowhereBytes = 1u << 20;

/// Addresses without memory, for bytes that are read from TCP with MSG_TRUNC: tcp(7) drops them and writes none. Of
/// each thread its own, because ThreadSanitizer believes that they are written.
char* nowhere() {
  thread_local void* const addresses = ::mmap(nullptr, kNowhereBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SLUICE_CHECK(addresses != MAP_FAILED);
  return static_cast<char*>(addresses);
}

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
    if (!grow_body()) return true;
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
  int flags = 0;
  if (phase_ == Phase::skipping || phase_ == Phase::lingering) {
    const bool dropped = tls_ == nullptr && !admin_;  // By the kernel; a Unix socket copies them.
    into = dropped ? nowhere() : buffer_.data();
    room = dropped ? kNowhereBytes : buffer_.capacity();
    if (phase_ == Phase::skipping) room = std::min(room, skip_left_);
    flags = MSG_TRUNC;
  } else if (phase_ == Phase::body && separate_body_ && !request_->head.chunked) {
    into = request_->body.data() + request_->body_size;
    const std::size_t length = static_cast<std::size_t>(request_->head.content_length);
    room = std::min(length, request_->body.capacity()) - request_->body_size;
  } else {
    // Nothing borrows from the buffer before the head is complete.
    if (phase_ == Phase::head) compact();
    into = buffer_.data() + end_;
    room = buffer_.capacity() - end_;
    if (read_little_ && phase_ == Phase::head) room = std::min(room, kLittleBytes);
  }
  SLUICE_CHECK(room > 0);  // Heads and inline bodies fit by their limits.
  ++pending_;
  if (tls_ != nullptr) return read_tls(into, room, false);
  socket_.async_receive(asio::buffer(into, room), flags, [this](const error_code& error, std::size_t bytes) {
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
  if (phase_ == Phase::skipping) {
    skipped(bytes);
    return settle();
  }
  if (phase_ == Phase::lingering) {
    lingered(bytes);
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
  if (answer.body.size() > limits::kCountedReplyBytes && !make_room_for_reply()) return;
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
  if (request.route != nullptr && request.route->method == Method::post && request.route->scope == kIngest)
    thread_.metrics().count_rejected(request.exchange);
  continue_sending();
  if (phase_ == Phase::writing) request_->free_all_but_answer(thread_.buffers());
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
  if (close_after_) return unread_input_ || skip_left_ != 0 ? say_last_and_linger() : close();
  if (skip_left_ != 0) return skip_body();
  expect_next_request();
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
  end_if_draining();
}

void Connection::give_back_request() {
  if (request_ == nullptr) return;
  if (request_->counted) thread_.ingest().ended(workspace());
  if (request_->long_body) thread_.body_gate().ended();
  request_->reset(thread_.buffers());
  thread_.give_request(std::move(request_));
}

}  // namespace sluice
