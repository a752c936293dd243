#pragma once

#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tools/load/ack_set.h"
#include "tools/load/bodies.h"

/// What survives the generator: an append-only file that starts with one JSON line (the plan and the labels) and goes
/// on with the acked request numbers, 8 bytes little endian each. Written and synced at least every 50 ms by its own
/// thread.

namespace sluice::load {

class AckLog {
 public:
  /// Creates the file anew. Throws std::runtime_error.
  AckLog(const std::string& path, const PlanOptions& plan, const std::vector<LoadLabel>& labels);
  ~AckLog();  ///< Writes and syncs what is left.
  AckLog(const AckLog&) = delete;
  AckLog& operator=(const AckLog&) = delete;

  void add(std::uint64_t request);  ///< Any thread.

  struct Contents {
    PlanOptions plan;
    std::vector<LoadLabel> labels;
    AckSet acked;
  };
  /// A torn last record is left out. Throws std::runtime_error.
  [[nodiscard]] static Contents read(const std::string& path);

 private:
  void run(const std::stop_token& stop);
  void flush();

  int fd_ = -1;
  std::mutex mutex_;
  std::vector<std::uint64_t> waiting_;  // Guarded by mutex_.
  std::vector<std::uint64_t> writing_;  // The writer's own.
  std::jthread writer_;
};

}  // namespace sluice::load
