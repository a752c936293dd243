#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/base/limits.h"
#include "engine/base/thread_name.h"
#include "engine/base/time.h"
#include "engine/read/score_reader.h"

namespace sluice {

/// The queue is short and its lock is held for a push or a pop only; a query costs a thousand times that.
struct ReadPool::State {
  State(std::size_t most, const ScoreReader& score_reader, Completion& to)
      : untaken_max(most), reader(score_reader), completion(to) {}

  void work();
  [[nodiscard]] bool may_run() const noexcept { return !waiting.empty() && untaken < untaken_max; }

  const std::size_t untaken_max;
  const ScoreReader& reader;
  Completion& completion;

  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  std::deque<ReadRequest*> waiting;
  std::size_t untaken = 0;  // Queries that run or were delivered and not taken yet.
  std::atomic<bool> stopping{false};  // Written under mutex. Queries read it without, relaxed: sooner or later will do.

  Histogram duration;  // By record_shared().
  std::vector<std::thread> threads;  // Main's.
};

void ReadPool::State::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return stopping.load(std::memory_order_relaxed) || may_run(); });
    if (waiting.empty()) return;
    ++untaken;
    ReadRequest* const request = waiting.front();
    waiting.pop_front();
    lock.unlock();
    const MonotonicTime begin = monotonic_now();
    reader.run(*request, &stopping);
    const MonotonicTime took = monotonic_now() - begin;
    duration.record_shared(took);
    completion.deliver(request->io_thread, request);
    lock.lock();
  }
}

ReadPool::ReadPool(std::size_t threads, const ScoreReader& reader, Completion& completion)
    : state_(std::make_unique<State>(threads * limits::kReadsAhead, reader, completion)) {
  SLUICE_CHECK(threads > 0);
  for (std::size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
    name_thread(state_->threads.back(), "read");
  }
}

ReadPool::~ReadPool() { stop(); }

bool ReadPool::try_run(ReadRequest& request) {
  const MonotonicTime begin = monotonic_now();
  if (!state_->reader.try_run(request)) return false;
  state_->duration.record_shared(monotonic_now() - begin);
  return true;
}

bool ReadPool::submit(ReadRequest& request) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping.load(std::memory_order_relaxed) || state_->waiting.size() >= limits::kReadQueue) return false;
    state_->waiting.push_back(&request);
  }
  state_->changed.notify_one();
  return true;
}

void ReadPool::taken() noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    --state_->untaken;
  }
  state_->changed.notify_one();
}

void ReadPool::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping.store(true, std::memory_order_relaxed);
  }
  state_->changed.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

std::size_t ReadPool::waiting() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->waiting.size();
}

const Histogram& ReadPool::duration() const noexcept { return state_->duration; }

}  // namespace sluice
