#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Copies of directories that must survive a power cut, and the file that says what they hold. Blocking; failures throw
/// std::runtime_error with the path and the reason.

namespace sluice {

/// The list of a backup's files: one "<64 hex digits>  <path>" per line, as sha256sum writes and `sha256sum -c` checks
/// it. Written last: a directory that has it is complete.
inline constexpr char kSumsFile[] = "SHA256SUMS";

struct FileSum {
  std::string path;  ///< Relative, with '/'.
  std::string sha256;
};

/// Every regular file below `directory` but kSumsFile, by path.
[[nodiscard]] std::vector<std::string> list_files(const std::string& directory);
[[nodiscard]] std::string sha256_of(const std::string& path);
/// Copies one file, synced, and returns its SHA-256. Fails when `to` exists. Bytes that are only read back differently
/// would show in the next verification; the sum is of what was read from `from`.
std::string copy_file_durably(const std::string& from, const std::string& to);
/// Moves a directory: a rename on one file system, else a synced copy whose source is removed afterwards. Returns
/// whether it was a rename.
bool move_directory(const std::string& from, const std::string& to);
/// Syncs `directory` and every directory below it.
void sync_directories(const std::string& directory);
/// Makes `path` with mode 0700, or takes it when it is an empty directory. Throws when it holds anything: `purpose`
/// says what it was wanted for.
void make_empty_directory(const std::string& path, const std::string& purpose);

void write_sums(const std::string& directory, const std::vector<FileSum>& sums);
/// Throws when there are none: then the directory is no complete backup.
[[nodiscard]] std::vector<FileSum> read_sums(const std::string& directory);
[[nodiscard]] bool has_sums(const std::string& directory);

/// Empties the directory at the end of its scope unless keep() was called: what failed half-way must not look like
/// something.
class Unfinished {
 public:
  explicit Unfinished(std::string directory) : directory_(std::move(directory)) {}
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void keep() noexcept { directory_.clear(); }

 private:
  std::string directory_;
};

}  // namespace sluice
