#pragma once

#include <atomic>
#include <memory>

#include "engine/base/histogram.h"
#include "engine/ports/completion.h"
#include "engine/read/read_request.h"

/// Answers queries. Pure but for the port it reads through: safe from several threads at once.

namespace sluice {

class ScoreReader {
 public:
  ScoreReader(const KeyedHash& keys, RecordReader& records);
  /// Fills request.status, page and exists. Blocking (disk). `stopping`: as QueryRun says.
  void run(ReadRequest& request, const std::atomic<bool>* stopping = nullptr) const;
  /// As run(), when the answer is short work and in memory: some tens of microseconds, no I/O. False: it is not, and
  /// the request is as it was.
  [[nodiscard]] bool try_run(ReadRequest& request) const;

 private:
  const KeyedHash& keys_;
  RecordReader& records_;
};

/// A few threads that run queries and deliver them to the io thread that asked.
/// Threads: try_run(), submit() and taken() from any io thread; start/stop from main.
class ReadPool {
 public:
  ReadPool(std::size_t threads, const ScoreReader& reader, Completion& completion);
  ~ReadPool();
  /// Answers at once, on this thread, what ScoreReader::try_run() can: handing a query over and back costs more than
  /// most source reads. False: submit() it.
  [[nodiscard]] bool try_run(ReadRequest& request);
  /// False: limits::kReadQueue queries wait already; the request is untouched (answer 429).
  [[nodiscard]] bool submit(ReadRequest& request);
  /// Once for each query that was delivered, when its io thread comes to it. While limits::kReadsAhead answers for each
  /// thread of the pool wait for that, no more queries are run: each may hold limits::kPageBytes and more.
  void taken() noexcept;
  /// Finishes what was taken, listings with a page cut short and other long reads with Errc::stopping, then joins.
  void stop();
  [[nodiscard]] std::size_t waiting() const noexcept;
  [[nodiscard]] const Histogram& duration() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
