#include <algorithm>

#include <boost/asio/post.hpp>
#include <sys/uio.h>

#include "net/transport/connection.h"
#include "net/transport/io_thread.h"

/// Connection's dealings with a body that is coming: where it goes, what it may hold, and what it is decoded to.

namespace sluice {
namespace {

constexpr std::size_t kFirstChunkBytes = 16 * 1024;
// What a body gets at first, and then four times as much each time it is full: a length that is only announced must not
// take the room of those that send. Doubled: half as many clients that send nothing exhaust a share; halved: batches of
// a thousand scores are copied once.
constexpr std::size_t kFirstBodyBytes = 256 * 1024;
constexpr std::size_t kBodyGrowth = 4;

}  // namespace

void Connection::begin_body() {
  ActiveRequest& request = *request_;
  const RequestHead& head = request.head;
  const std::size_t here = received() - head_size_;
  separate_body_ = head.chunked || head.content_length > buffer_.capacity() - begin_ - head_size_;
  if (separate_body_ && !head.chunked) {
    const std::size_t length = static_cast<std::size_t>(head.content_length);
    const std::size_t first = std::min(length, std::max(here, kFirstBodyBytes));
    if (!hold_body(first)) return refuse_before_body(429, Errc::overloaded, default_message(Errc::overloaded));
    // Larger than what is left of the connection's buffer, so everything received behind the head is of this body.
    request.body = thread_.buffers().take(first);
    std::memcpy(request.body.data(), buffer_.data() + begin_ + head_size_, here);
    request.body_size = here;
    end_ = begin_ + head_size_;
  }
  // The next may be as long: what is read behind its head is copied, and what stays in the kernel goes to its place.
  read_little_ = separate_body_ && !head.chunked;
  request.chunks.reset();
  body_received_ = here;
  body_began_ = thread_.coarse_now();
  deadline_ = body_began_ + shared_.tuning.body_ns;
  phase_ = Phase::body;
  if (head.expect_continue && head.has_body() && here == 0) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec text{const_cast<char*>(kContinue.data()), kContinue.size()};
    const ssize_t sent = send_bytes(&text, 1);
    // A client that has not read its earlier answers cannot be waiting for this one.
    if (sent != static_cast<ssize_t>(kContinue.size())) close();
  }
}

/// Raises what this request may hold for its body to `bytes`. False: it may not.
bool Connection::hold_body(std::size_t bytes) {
  BytePermit& permit = request_->body_permit;
  if (bytes <= permit.held() || permit.try_take(workspace(), bytes - permit.held())) return true;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::body_bytes)].add();
  return false;
}

void Connection::enlarge_body(std::size_t capacity) {
  ActiveRequest& request = *request_;
  ByteBuffer larger = thread_.buffers().take(capacity);
  if (request.body_size != 0) std::memcpy(larger.data(), request.body.data(), request.body_size);
  thread_.buffers().give(std::exchange(request.body, std::move(larger)));
}

/// Makes room for more of a body of known length, when it is full. False: the request was refused in the middle of its
/// body; what is short enough of the rest is thrown away.
bool Connection::grow_body() {
  const ActiveRequest& request = *request_;
  if (request.body_size < request.body.capacity()) return true;
  const std::size_t length = static_cast<std::size_t>(request.head.content_length);
  const std::size_t capacity = std::min(length, request.body.capacity() * kBodyGrowth);
  if (hold_body(capacity)) {
    enlarge_body(capacity);
    return true;
  }
  drop_rest_of_body(length - request.body_size);
  refuse(Errc::overloaded);
  return false;
}

/// Makes room for `bytes` more. False: the request was refused.
bool Connection::grow_chunked_body(std::size_t bytes) {
  ActiveRequest& request = *request_;
  charge_chunk(bytes);
  const std::size_t needed = request.body_size + bytes;
  if (needed > shared_.options.body_bytes_max) {
    close_after_ = unread_input_ = true;
    refuse(413, Errc::body_too_large, default_message(Errc::body_too_large), 0);
    return false;
  }
  if (needed <= request.body.capacity()) return true;
  const std::size_t wanted = std::max({needed, request.body.capacity() * 2, kFirstChunkBytes});
  const std::size_t capacity = std::min(wanted, std::max(needed, shared_.options.body_bytes_max));
  if (!hold_body(capacity)) {
    close_after_ = unread_input_ = true;
    refuse(Errc::overloaded);
    return false;
  }
  enlarge_body(capacity);
  return true;
}

void Connection::body_complete() {
  ActiveRequest& request = *request_;
  if (request.coding == Coding::none || !request.head.has_body()) return start_endpoint();
  request.decoder = thread_.take_decoder();
  const std::span<char> body = request.exchange.request.body;
  request.decoder->start(request.coding, {body.data(), body.size()}, shared_.options.decoded_body_bytes_max);
  phase_ = Phase::decoding;
  decode_slice();
}

void Connection::decode_slice() {
  ActiveRequest& request = *request_;
  BodyDecoder& decoder = *request.decoder;
  const std::size_t held_before = decoder.capacity();
  const BodyDecoder::Progress progress = decoder.step();
  if (progress == BodyDecoder::Progress::failed) return refuse(decoder.error());
  // After the fact, by one doubling: what a slice needs is known only when it has been decoded.
  const std::size_t grown = decoder.capacity() - (request.decoding_counted ? held_before : 0);
  request.decoding_counted = true;
  if (!hold_body(request.body_permit.held() + grown)) {
    decoder.abandon();
    return refuse(Errc::overloaded);
  }
  if (progress == BodyDecoder::Progress::more) {
    ++pending_;
    boost::asio::post(thread_.context(), [this] { on_decode_turn(); });
    return;
  }
  std::size_t size = 0;
  thread_.buffers().give(std::exchange(request.body, decoder.take_output(size)));
  thread_.give_decoder(std::move(request.decoder));  // Its window is not the body's: others may have it.
  request.body_size = size;
  request.exchange.request.body = {request.body.data(), size};
  start_endpoint();
}

void Connection::on_decode_turn() {
  --pending_;
  if (phase_ == Phase::decoding) {
    decode_slice();
    drive();
  }
  settle();
}

}  // namespace sluice
