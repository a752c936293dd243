#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "net/transport/server.h"
#include "store/store.h"

/// Serves /v1/checkpoint of admin.sock: a thread of its own copies the log into `checkpoint` of the data directory,
/// since that flushes and may take seconds. What comes of the copy is the command's business (tools/backup). Threads:
/// answer() from io threads; wait() from main, before the store closes.

namespace sluice {

class Checkpointer {
 public:
  Checkpointer(Store& store, std::string directory) : store_(store), path_(std::move(directory) + "/checkpoint") {}
  ~Checkpointer() { wait(); }

  /// `start`: begins a copy, or says that one is being made. Otherwise: how it stands.
  [[nodiscard]] OperatorPages::Answer answer(bool start);
  /// Waits for the copy in work; none can be started any more.
  void wait();

 private:
  enum class Progress { none, making, ready, failed };
  void make();

  Store& store_;
  const std::string path_;
  std::mutex mutex_;  // Guards what follows.
  Progress progress_ = Progress::none;
  bool closed_ = false;
  std::uint64_t commits_ = 0;
  std::string reason_;
  std::thread thread_;
};

}  // namespace sluice
