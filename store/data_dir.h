#pragma once

#include <string>

#include "engine/base/api_key.h"
#include "engine/base/keyed_hash.h"

/// A data directory: its lock, its format version and its secret. Layout:
///   FORMAT (text: "sluice 1"), LOCK (flock), secret (mode 0600: hash key and pepper), log/, index/, ACKED (side file
///   with the highest acknowledged commit sequence), ballast (internal/ballast.h), admin.sock, first-key (mode 0600).

namespace sluice {

class DataDir {
 public:
  /// Creates what is missing (directory mode 0700) and takes the lock. Throws std::runtime_error with the reason and
  /// the next step: locked by process N, format too new, secret missing beside data, not writable, …
  explicit DataDir(std::string path);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const KeyedHash::Key& hash_key() const noexcept { return hash_key_; }
  [[nodiscard]] const std::array<std::uint8_t, 32>& pepper() const noexcept { return pepper_; }
  /// True when this call created the directory's data (first run).
  [[nodiscard]] bool created() const noexcept { return created_; }
  /// True when another process holds the lock of the directory at `path`.
  [[nodiscard]] static bool is_locked(const std::string& path);

 private:
  std::string path_;
  KeyedHash::Key hash_key_{};
  std::array<std::uint8_t, 32> pepper_{};
  int lock_fd_ = -1;
  bool created_ = false;
};

}  // namespace sluice
