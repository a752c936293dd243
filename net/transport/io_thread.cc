#include "net/transport/io_thread.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "engine/base/check.h"
#include "engine/base/thread_name.h"
#include "engine/base/uuid.h"
#include "net/transport/response_head.h"

namespace sluice {
namespace {

namespace asio = boost::asio;

// A full ring empties within a group's time; a shorter turn would only spin.
constexpr std::chrono::milliseconds kAdmissionRetry{2};
// Records; decoding as many takes about as long as waking a thread. Doubled: shards start later; halved: more switches.
constexpr std::size_t kSmallBatch = 16;
constexpr std::size_t kDecodersKept = 4;

std::size_t threads(const ServerShared& shared) noexcept { return std::max<std::size_t>(1, shared.options.io_threads); }

}  // namespace

IoThread::IoThread(ServerShared& shared, ThreadMetrics& metrics, std::size_t index)
    : shared_(shared),
      metrics_(metrics),
      index_(index),
      work_(context_.get_executor()),
      tick_timer_(context_.get_executor()),
      retry_timer_(context_.get_executor()),
      ingest_(context_, shared.tuning),
      buffers_(shared.options.body_bytes_in_flight_max / threads(shared)),
      authenticator_(shared.keys, shared.key_maker, shared.options.rates),
      catalogue_(shared.catalogue),
      free_requests_(shared.options.kept_request_bytes_max / threads(shared)) {
  const Uuid seed = random_uuid();
  std::memcpy(&id_prefix_, seed.bytes.data(), sizeof id_prefix_);
  ingest_.on_ring = [this] {
    open_body_gate();
    return body_gate_.someone_waits();
  };
}

IoThread::~IoThread() {
  SLUICE_CHECK(!thread_.joinable());
}

void IoThread::start() {
  coarse_now_ = shared_.tuning.now();
  ticked_at_ = monotonic_now();
  render_http_date(date_, wall_now());
  thread_ = std::thread([this] {
    arm_tick();
    context_.run();
  });
  name_thread(thread_, "io");
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::adopt(int descriptor, bool admin, bool unix_socket) {
  asio::post(context_, [this, descriptor, admin, unix_socket] {
    std::optional<AddressPlaces::Place> place = shared_.places.take(descriptor);
    if (!place) {
      // Nothing is read and nothing said: an answer would cost more than the place it is about.
      metrics_.backpressure[static_cast<std::size_t>(Backpressure::address)].add();
      ::close(descriptor);
      shared_.connection_closed();
      return;
    }
    const int family = unix_socket ? AF_UNIX : AF_INET;
    boost::system::error_code error;
    Connection::Socket socket(context_.get_executor());
    socket.assign(asio::generic::stream_protocol(family, 0), descriptor, error);
    if (error || stopping_) {
      if (error) ::close(descriptor);
      shared_.connection_closed();
      return;
    }
    metrics_.connections_opened.add();
    auto connection = std::make_unique<Connection>(*this, std::move(socket), admin, std::move(*place));
    connection->slot = connections_.size();
    Connection& started = *connection;
    connections_.push_back(std::move(connection));
    started.start();
    // It came while the server stops: what it has sent by now is answered, and nothing more is waited for.
    if (shared_.draining.load(std::memory_order_relaxed)) started.on_drain();
  });
}

void IoThread::deliver(std::span<Batch* const> batches) {
  // One copy of pointers and one wake for the whole group.
  asio::post(context_, [this, list = std::vector<Batch*>(batches.begin(), batches.end())] {
    for (Batch* const batch : list) static_cast<Connection*>(batch->owner)->on_delivered(*batch);
    if (!waiters_.empty()) retry_admissions();
  });
}

void IoThread::deliver(ReadRequest* request) {
  asio::post(context_, [this, request] {
    shared_.backend->taken_read();
    static_cast<Connection*>(request->owner)->on_delivered(*request);
  });
}

void IoThread::drain() {
  asio::post(context_, [this] {
    // Backwards: a connection that goes is replaced by one that was already asked.
    for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->on_drain();
  });
}

void IoThread::stop() {
  asio::post(context_, [this] {
    stopping_ = true;
    for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->on_stop();
    tick_timer_.cancel();
    retry_timer_.cancel();
    ingest_.stop();
    work_.reset();
  });
}

std::unique_ptr<ActiveRequest> IoThread::take_request() {
  return free_requests_.next() == nullptr ? std::make_unique<ActiveRequest>(shared_) : free_requests_.take();
}

void IoThread::give_request(std::unique_ptr<ActiveRequest> request) {
  if (request->decoder != nullptr) give_decoder(std::move(request->decoder));
  const std::size_t bytes = request->kept_bytes();
  free_requests_.give(std::move(request), bytes);
}

std::unique_ptr<BodyDecoder> IoThread::take_decoder() {
  if (free_decoders_.empty()) return std::make_unique<BodyDecoder>();
  std::unique_ptr<BodyDecoder> decoder = std::move(free_decoders_.back());
  free_decoders_.pop_back();
  return decoder;
}

void IoThread::give_decoder(std::unique_ptr<BodyDecoder> decoder) {
  decoder->abandon();
  if (free_decoders_.size() < kDecodersKept) free_decoders_.push_back(std::move(decoder));
}

std::uint64_t IoThread::unique_number() noexcept {
  // A bijection of a counter (splitmix64's finaliser) under a random start: unique, and says nothing about traffic.
  std::uint64_t mixed = id_prefix_ + 0x9E3779B97F4A7C15u * ++id_counter_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

void IoThread::make_request_id(char* out) noexcept {
  std::uint64_t mixed = unique_number();
  for (int i = 0; i < 16; ++i) {
    out[i] = "0123456789abcdef"[mixed & 15];
    mixed >>= 4;
  }
}

IngestEngine::Admission IoThread::submit(Batch& batch) {
  const bool small = batch.records.size() < kSmallBatch;
  const auto admission =
      shared_.backend->submit(batch, small ? IngestEngine::Wake::later : IngestEngine::Wake::now);
  if (small && admission == IngestEngine::Admission::accepted && !wake_owed_) {
    wake_owed_ = true;
    // Runs behind the handlers of everything that was ready in the same turn.
    asio::post(context_, [this] {
      wake_owed_ = false;
      shared_.backend->wake();
    });
  }
  return admission;
}

void IoThread::wait_for_admission(Connection& connection) {
  waiters_.push_back(&connection);
  arm_retry();
}

void IoThread::forget_admission(Connection& connection) { std::erase(waiters_, &connection); }

void IoThread::arm_retry() {
  if (retry_armed_ || stopping_) return;
  retry_armed_ = true;
  retry_timer_.expires_after(kAdmissionRetry);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    retry_armed_ = false;
    if (!error) retry_admissions();
  });
}

void IoThread::retry_admissions() {
  using Admission = IngestEngine::Admission;
  const MonotonicTime now = shared_.tuning.now();
  // Taken out first: a connection that is answered may put itself at the end again with its next request.
  std::deque<Connection*> turn;
  turn.swap(waiters_);
  std::deque<Connection*> kept;
  std::vector<WorkspaceNumber> over_share;  // Few: workspaces that have much in flight already.
  Admission last = Admission::accepted;
  while (last != Admission::full && !turn.empty()) {
    Connection* const connection = turn.front();
    turn.pop_front();
    // One workspace's share is no reason for another's batches to wait behind it.
    const WorkspaceNumber workspace = connection->workspace();
    const bool held_back = std::ranges::find(over_share, workspace) != over_share.end();
    last = held_back && now < connection->admission_until() ? Admission::over_share
                                                            : connection->on_admission_turn(now);
    if (last == Admission::accepted) continue;
    kept.push_back(connection);
    if (last == Admission::over_share && !held_back) over_share.push_back(workspace);
  }
  // Whoever still waits keeps its place before those that came meanwhile.
  kept.insert(kept.end(), turn.begin(), turn.end());
  waiters_.insert(waiters_.begin(), kept.begin(), kept.end());
  if (!waiters_.empty()) arm_retry();
}

void IoThread::open_body_gate() {
  const BodyGate::Turn turn = body_gate_.ring(ingest_.busy(), shared_.tuning.now());
  for (Connection* const connection : turn.served) connection->on_turn(false);
  for (Connection* const connection : turn.refused) connection->on_turn(true);
}

void IoThread::remove(Connection& connection) {
  const std::size_t slot = connection.slot;
  SLUICE_CHECK(slot < connections_.size() && connections_[slot].get() == &connection);
  if (slot + 1 != connections_.size()) {
    std::swap(connections_[slot], connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  metrics_.connections_closed.add();
  shared_.connection_closed();
}

void IoThread::arm_tick() {
  tick_timer_.expires_after(std::chrono::nanoseconds(shared_.tuning.tick_ns));
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopping_) tick();
  });
}

void IoThread::tick() {
  // While this thread was behind (or the machine stood still) nobody was read: that time is no client's delay.
  const MonotonicTime now = monotonic_now();
  behind_ns_ += std::max<std::int64_t>(0, now - ticked_at_ - 2 * shared_.tuning.tick_ns);
  ticked_at_ = now;
  coarse_now_ = shared_.tuning.now() - behind_ns_;
  render_http_date(date_, wall_now());
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->on_tick(coarse_now_);
  buffers_.trim();
  free_requests_.trim();
  if (on_tick) on_tick();
  arm_tick();
}

}  // namespace sluice
