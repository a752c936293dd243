#include "store/internal/ballast.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice {
namespace {

namespace fs = std::filesystem;
constexpr char kName[] = "/ballast";
// What a start writes beside the tables: MANIFEST, options, information log, index. Doubled: a start is refused that
// might have succeeded; halved: one may end in RocksDB's words.
constexpr std::uint64_t kBesideTables = std::uint64_t{4} << 20;

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

/// 0 or the reason. Zeroes that are written could be stored as a hole; blocks that are allocated are taken.
int allocate(const std::string& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int reason = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  ::close(fd);
  return reason;
}

}  // namespace

void make_ballast(const std::string& directory, std::uint64_t bytes, DiskRoom room) {
  const std::string path = directory + kName;
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());  // Of a start that was killed.
  const std::uint64_t half = room.free / 2;
  if (bytes == 0 || half < room.reserve || half - room.reserve < bytes || ::access(path.c_str(), F_OK) == 0) return;
  int reason = allocate(beside, bytes);
  if (reason == 0 && ::rename(beside.c_str(), path.c_str()) != 0) reason = errno;
  if (reason == 0) return;
  ::unlink(beside.c_str());
  std::fprintf(stderr, "sluice: %s of %s could not be made, and the server goes on without it: %s\n", path.c_str(),
               mebibytes(bytes).c_str(), std::strerror(reason));
}

std::uint64_t ballast_bytes(const std::string& directory) noexcept {
  struct stat info {};
  if (::stat((directory + kName).c_str(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

void require_room_for_start(const std::string& directory, std::uint64_t unflushed_bytes, std::uint64_t free_bytes) {
  std::uint64_t replayed = 0;
  std::error_code error;
  for (fs::directory_iterator at(directory + "/log", error), end; !error && at != end; at.increment(error)) {
    std::error_code each;
    if (at->path().extension() == ".log") replayed += at->file_size(each);
  }
  const std::uint64_t needed = std::min(replayed + kBesideTables, unflushed_bytes);
  if (free_bytes >= needed) return;
  std::string next = "Free some";
  if (const std::uint64_t ballast = ballast_bytes(directory); ballast != 0)
    next = "Delete " + directory + kName + ", which gives back " + mebibytes(ballast) + ", or free some elsewhere,";
  throw std::runtime_error("the disk of the data directory " + directory + " is full: " + mebibytes(free_bytes) +
                           " are free, and a start may write " + mebibytes(needed) + ". Nothing was changed. " + next +
                           " and start again");
}

}  // namespace sluice
