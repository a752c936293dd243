#pragma once

#include <cstdint>
#include <string>

#include "tools/http/http_client.h"

/// A copy of the log that a server (or a private instance) makes in `checkpoint` of its data directory, while it goes
/// on serving. One at a time: the directory is locked meanwhile. Removed at the end, unless it was moved away. Failures
/// throw std::runtime_error with the reason and the next step. Main thread.

namespace sluice {

class CheckpointCopy {
 public:
  CheckpointCopy(HttpClient& client, const std::string& data);
  ~CheckpointCopy();
  CheckpointCopy(const CheckpointCopy&) = delete;
  CheckpointCopy& operator=(const CheckpointCopy&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// A commit that was acknowledged when the copy began, so it must hold it.
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }

 private:
  const std::string path_;
  int lock_fd_ = -1;
  std::uint64_t commits_ = 0;
};

/// Throws unless `data` is a data directory: commands that would only read must not make an empty one.
void require_data_directory(const std::string& data);

}  // namespace sluice
