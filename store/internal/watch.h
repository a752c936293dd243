#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "store/internal/file_io.h"

/// The store's slow chores on one thread: the disk's free space four times a second, ACKED once a second, and the
/// report of an error that only a restart can mend. Threads: disk_full() and free_bytes() from any; start(), stop(),
/// set_handler() from main.

namespace sluice {

class Watch {
 public:
  struct Sources {
    std::function<std::uint64_t()> acked;    ///< Highest acknowledged commit sequence.
    std::function<const char*()> error;      ///< A literal once something is broken for good, else nullptr.
    std::function<std::uint64_t()> reserve;  ///< Free bytes below which nothing is written.
    std::function<void()> each_round;        ///< Tells failures; the stall watchdog.
  };
  Watch(std::string path, AckedFile& acked, Sources sources);
  ~Watch() { stop(); }

  void start();
  /// Writes ACKED one last time. Idempotent.
  void stop();
  void set_handler(std::function<void(const char*)> handler);
  [[nodiscard]] bool disk_full() const noexcept { return disk_full_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return free_bytes_.load(std::memory_order_relaxed); }

 private:
  void run();
  void look_at_disk();
  void write_acked();
  void report();

  const std::string path_;
  AckedFile& acked_file_;
  const Sources sources_;
  std::atomic<bool> disk_full_{false};
  std::atomic<std::uint64_t> free_bytes_{0};
  std::uint64_t acked_written_;
  bool acked_failed_ = false;
  bool reported_ = false;  // The thread's.

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::function<void(const char*)> handler_;
  std::thread thread_;
};

}  // namespace sluice
