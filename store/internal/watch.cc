#include "store/internal/watch.h"

#include <chrono>

#include "engine/base/thread_name.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kRound{250};
constexpr int kRoundsPerAcked = 4;

}  // namespace

Watch::Watch(std::string path, AckedFile& acked, Sources sources)
    : path_(std::move(path)), acked_file_(acked), sources_(std::move(sources)), acked_written_(acked.at_open()) {
  look_at_disk();
}

void Watch::start() {
  thread_ = std::thread([this] { run(); });
  name_thread(thread_, "store-watch");
}

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  write_acked();
}

void Watch::set_handler(std::function<void(const char*)> handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  for (int round = 1; !wake_.wait_for(lock, kRound, [this] { return stopping_; }); ++round) {
    lock.unlock();
    look_at_disk();
    if (round % kRoundsPerAcked == 0) write_acked();
    report();  // First: what follows may wait for a stderr that nobody reads.
    sources_.each_round();
    lock.lock();
  }
}

void Watch::look_at_disk() {
  const std::uint64_t free = disk_free_bytes(path_);
  free_bytes_.store(free, std::memory_order_relaxed);
  disk_full_.store(free < sources_.reserve(), std::memory_order_relaxed);
}

void Watch::write_acked() {
  const std::uint64_t acked = sources_.acked();
  if (acked == acked_written_ || acked_failed_) return;
  if (acked_file_.write(acked)) {
    acked_written_ = acked;
  } else {
    acked_failed_ = true;  // A disk that refuses 16 bytes refuses the next ones too: stop before data is lost unseen.
  }
}

void Watch::report() {
  if (reported_) return;
  const char* const error = acked_failed_ ? "storage: ACKED cannot be written" : sources_.error();
  if (error == nullptr) return;
  std::function<void(const char*)> handler;
  {
    const std::lock_guard lock(mutex_);
    handler = handler_;
  }
  if (!handler) return;  // Not set yet: said at a later round.
  reported_ = true;
  handler(error);
}

}  // namespace sluice
