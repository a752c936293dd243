#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Small files that must survive a power cut. Start-up only: failures throw std::runtime_error with the path.

namespace sluice {

/// False when the file does not exist.
[[nodiscard]] bool read_file(const std::string& path, std::string& out);
/// Writes beside the target, syncs, renames, syncs the directory: afterwards either the old or the new content is
/// there.
void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode);
void sync_directory(const std::string& path);
/// Bytes an unprivileged process may still write on the file system of `path`; 0 when it cannot be asked.
[[nodiscard]] std::uint64_t disk_free_bytes(const std::string& path) noexcept;

/// What ACKED at `path` says (see AckedFile); 0 when there is none. Throws when it is damaged.
[[nodiscard]] std::uint64_t read_acked(const std::string& path);

/// The side file with the highest acknowledged commit sequence N: 8 bytes N, 8 bytes checksum of N, little endian.
/// Rewritten in place: 16 bytes lie in one sector, so a power cut leaves the old or the new ones.
/// Threads: one at a time.
class AckedFile {
 public:
  explicit AckedFile(const std::string& path);
  ~AckedFile();
  AckedFile(const AckedFile&) = delete;
  AckedFile& operator=(const AckedFile&) = delete;

  /// What the file said when it was opened; 0 when it did not exist.
  [[nodiscard]] std::uint64_t at_open() const noexcept { return at_open_; }
  /// pwrite + fdatasync. False when the disk refuses.
  [[nodiscard]] bool write(std::uint64_t commit_sequence) noexcept;

 private:
  int fd_ = -1;
  std::uint64_t at_open_ = 0;
};

}  // namespace sluice
