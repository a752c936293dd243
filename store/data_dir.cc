#include "store/data_dir.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "store/internal/file_io.h"

namespace sluice {
namespace {

constexpr std::string_view kFormatName = "sluice ";
constexpr int kFormatVersion = 1;
constexpr std::size_t kSecretBytes = 48;  // 16 of the hash key, 32 of the pepper; then a checksum of them.
constexpr std::size_t kChecksumBytes = 8;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

void create_directory(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> missing;  // Innermost first.
  for (fs::path at = fs::absolute(path); !fs::exists(at, error) && at.has_relative_path(); at = at.parent_path())
    missing.push_back(at);
  if (missing.size() > 1) fs::create_directories(missing[1], error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    fail("cannot create the data directory " + path + ": " + std::strerror(errno));
  }
  // A directory whose entry is not on disk goes with all that was synced in it.
  for (const fs::path& made : missing) sync_directory(made.parent_path().string());
  if (!std::filesystem::is_directory(path, error)) fail(path + " is not a directory; choose another with --data");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    fail("the data directory " + path + " is not writable for this user: " + std::strerror(errno));
  }
}

/// The process that holds the lock writes its number into the file; only for the message.
std::string lock_holder(const std::string& path) {
  std::ifstream file(path + "/LOCK");
  std::string text;
  file >> text;
  return text.empty() ? std::string("another process") : "process " + text;
}

int take_lock(const std::string& path) {
  const std::string file = path + "/LOCK";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot open " + file + ": " + std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    fail("the data directory " + path + " is in use by " + lock_holder(path) +
         "; stop that process first, or choose another directory with --data");
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  // Only a hint for people: the lock is the flock, which the kernel drops when the process dies. Cut last: written over
  // what is there it needs no room, and a start on a full disk has more to say than that.
  if (::pwrite(fd, text.data(), text.size(), 0) < 0 || ::ftruncate(fd, static_cast<off_t>(text.size())) != 0) {
    ::close(fd);
    fail("cannot write " + file + ": " + std::strerror(errno));
  }
  return fd;
}

/// Returns whether the directory has a format; refuses one that this build does not know.
bool check_format(const std::string& path) {
  std::ifstream file(path + "/FORMAT");
  if (!file) return false;
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!text.starts_with(kFormatName)) {
    fail(path + "/FORMAT is not a Sluice format file; is --data right? If so, restore the file FORMAT from a backup");
  }
  int version = 0;
  for (std::size_t at = kFormatName.size(); at < text.size() && text[at] >= '0' && text[at] <= '9' && version < 100'000;
       ++at) {
    version = version * 10 + (text[at] - '0');
  }
  if (version < 1) fail(path + "/FORMAT names no version: it is damaged; restore it from a backup");
  if (version > kFormatVersion) {
    fail("the data directory " + path + " has format " + std::to_string(version) + ", this build reads up to " +
         std::to_string(kFormatVersion) +
         "; start the newer version that wrote it, or, if there was none, restore the file FORMAT from a backup");
  }
  return true;
}

bool holds_data(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path + "/log", error) || std::filesystem::exists(path + "/index", error);
}

/// A secret with one wrong bit would find nothing that was stored and say nothing about it.
std::string secret_checksum(std::string_view secret) {
  static const KeyedHash hash(KeyedHash::Key{'s', 'l', 'u', 'i', 'c', 'e', '-', 's', 'e', 'c', 'r', 'e', 't'});
  std::string bytes;
  put_u64_le(bytes, hash.hash(0, secret));
  return bytes;
}

}  // namespace

DataDir::DataDir(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  create_directory(path_);
  lock_fd_ = take_lock(path_);
  try {
    std::error_code ignored;
    if (std::filesystem::exists(path_ + "/SHA256SUMS", ignored)) {
      fail(path_ + " is a backup; make a data directory of it with `sluice restore " + path_ + " --data DIRECTORY`");
    }
    const bool known = check_format(path_);
    if (!known && holds_data(path_)) {
      fail("the data directory " + path_ + " holds data but no FORMAT file; restore it from a backup");
    }
    const std::string secret_path = path_ + "/secret";
    std::string secret;
    if (!read_file(secret_path, secret)) {
      if (known) {
        fail("the data directory " + path_ +
             " has data but no `secret`: without it no key and no index entry can be recognised; restore the file "
             "`secret` from a backup of this directory");
      }
      secret.resize(kSecretBytes);
      if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(kSecretBytes)) {
        fail("the system gives no random bytes for the directory's secret");
      }
      secret += secret_checksum(secret);
      write_file_durably(secret_path, secret, 0600);
    }
    if (secret.size() != kSecretBytes + kChecksumBytes ||
        secret_checksum(std::string_view(secret).substr(0, kSecretBytes)) != secret.substr(kSecretBytes)) {
      fail(secret_path +
           " is damaged: with it no key and no score would be recognised; restore the file from a backup");
    }
    std::memcpy(hash_key_.data(), secret.data(), hash_key_.size());
    std::memcpy(pepper_.data(), secret.data() + hash_key_.size(), pepper_.size());
    // Last: a directory with a FORMAT is complete, one without may be started over.
    if (!known)
      write_file_durably(path_ + "/FORMAT", std::string(kFormatName) + std::to_string(kFormatVersion) + "\n", 0600);
    created_ = !known;
  } catch (...) {
    ::close(lock_fd_);
    throw;
  }
}

DataDir::~DataDir() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

bool DataDir::is_locked(const std::string& path) {
  const int fd = ::open((path + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return locked;
}

}  // namespace sluice
