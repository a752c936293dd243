#include "store/internal/file_io.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/base/keyed_hash.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

/// Closes on every way out.
struct File {
  int fd;
  explicit File(int descriptor) : fd(descriptor) {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

std::uint64_t acked_checksum(std::uint64_t commit_sequence) {
  // Not a secret: the key only has to be the same for ever.
  static const KeyedHash hash(KeyedHash::Key{'s', 'l', 'u', 'i', 'c', 'e', '-', 'a', 'c', 'k', 'e', 'd'});
  return hash.hash(commit_sequence, {});
}

}  // namespace

bool read_file(const std::string& path, std::string& out) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) {
    if (errno == ENOENT) return false;
    fail("cannot open " + path);
  }
  out.clear();
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(file.fd, buffer, sizeof buffer);
    if (got < 0) fail("cannot read " + path);
    if (got == 0) return true;
    out.append(buffer, static_cast<std::size_t>(got));
  }
}

void sync_directory(const std::string& path) {
  const File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd < 0 || ::fsync(directory.fd) != 0) fail("cannot sync the directory " + path);
}

void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string beside = path + ".new";
  {
    const File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (file.fd < 0) fail("cannot create " + beside);
    if (::write(file.fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || ::fsync(file.fd) != 0) {
      fail("cannot write " + beside);
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) fail("cannot rename " + beside);
  sync_directory(std::filesystem::path(path).parent_path().string());
}

std::uint64_t disk_free_bytes(const std::string& path) noexcept {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::uint64_t read_acked(const std::string& path) {
  std::string bytes;
  if (!read_file(path, bytes) || bytes.empty()) return 0;  // Empty: a crash right after it was created.
  const std::uint64_t sequence = bytes.size() == 16 ? load_u64_le(bytes.data()) : 0;
  if (bytes.size() != 16 || load_u64_le(bytes.data() + 8) != acked_checksum(sequence)) {
    throw std::runtime_error(path +
                             " is damaged, so it cannot be checked that every acknowledged score is still in the log. "
                             "Check the disk; to go on without this check, remove the file");
  }
  return sequence;
}

AckedFile::AckedFile(const std::string& path) : at_open_(read_acked(path)) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("cannot open " + path);
}

AckedFile::~AckedFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool AckedFile::write(std::uint64_t commit_sequence) noexcept {
  std::string bytes;
  put_u64_le(bytes, commit_sequence);
  put_u64_le(bytes, acked_checksum(commit_sequence));
  return ::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()) && ::fdatasync(fd_) == 0;
}

}  // namespace sluice
