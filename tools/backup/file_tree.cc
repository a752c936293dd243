#include "tools/backup/file_tree.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

class File {
 public:
  File(const std::string& path, int flags, unsigned mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode))), path_(path) {
    if (fd_ < 0) fail("cannot open " + path);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::size_t read(std::string& piece) {
    piece.resize(kPieceBytes);
    ssize_t got = -1;
    do got = ::read(fd_, piece.data(), piece.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("cannot read " + path_);
    piece.resize(static_cast<std::size_t>(got));
    return piece.size();
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) fail("cannot write " + path_);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  void sync() {
    if (::fsync(fd_) != 0) fail("cannot sync " + path_);
  }

 private:
  int fd_;
  const std::string path_;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) refuse();
  }
  void add(std::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) refuse();
  }
  [[nodiscard]] std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) refuse();
    constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (unsigned at = 0; at < size; ++at) (out += kHex[digest[at] >> 4]) += kHex[digest[at] & 15];
    return out;
  }

 private:
  [[noreturn]] static void refuse() { throw std::runtime_error("OpenSSL cannot compute SHA-256"); }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// As the standard library's, but with a sentence.
void remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw std::runtime_error("cannot remove " + path + ": " + error.message());
}

}  // namespace

std::vector<std::string> list_files(const std::string& directory) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory()) continue;
    std::string path = at->path().lexically_relative(directory).generic_string();
    if (path != kSumsFile) out.push_back(std::move(path));
  }
  if (error) throw std::runtime_error("cannot list " + directory + ": " + error.message());
  std::sort(out.begin(), out.end());
  return out;
}

std::string sha256_of(const std::string& path) {
  File file(path, O_RDONLY);
  Sha256 sum;
  std::string piece;
  while (file.read(piece) != 0) sum.add(piece);
  return sum.hex();
}

std::string copy_file_durably(const std::string& from, const std::string& to) {
  File source(from, O_RDONLY);
  File target(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  Sha256 sum;
  std::string piece;
  while (source.read(piece) != 0) {
    sum.add(piece);
    target.write(piece);
  }
  target.sync();
  return sum.hex();
}

bool move_directory(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno != EXDEV) fail("cannot move " + from + " to " + to);
  if (::mkdir(to.c_str(), 0700) != 0) fail("cannot create " + to);
  for (const std::string& path : list_files(from)) (void)copy_file_durably(from + "/" + path, to + "/" + path);
  remove_tree(from);
  return false;
}

void sync_directories(const std::string& directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_directory()) File(entry.path().string(), O_RDONLY | O_DIRECTORY).sync();
  File(directory, O_RDONLY | O_DIRECTORY).sync();
}

void make_empty_directory(const std::string& path, const std::string& purpose) {
  const fs::path parent = fs::absolute(path).parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) == 0) return;
  if (errno != EEXIST) fail("cannot create " + path);
  if (!fs::is_directory(path, error)) throw std::runtime_error(path + " exists and is no directory");
  if (!fs::is_empty(path, error) || error)
    throw std::runtime_error(path + " is not empty, and nothing is overwritten: name " + purpose +
                             " that does not exist, or move this one away");
}

void write_sums(const std::string& directory, const std::vector<FileSum>& sums) {
  const std::string path = directory + "/" + kSumsFile;
  {
    File file(path + ".new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::string text;
    for (const FileSum& sum : sums) text += sum.sha256 + "  " + sum.path + "\n";
    file.write(text);
    file.sync();
  }
  if (::rename((path + ".new").c_str(), path.c_str()) != 0) fail("cannot rename " + path + ".new");
  File(directory, O_RDONLY | O_DIRECTORY).sync();
}

std::vector<FileSum> read_sums(const std::string& directory) {
  const std::string path = directory + "/" + kSumsFile;
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error(directory + " has no " + kSumsFile +
                             ": it is no backup, or one that was not finished; take another");
  std::vector<FileSum> sums;
  for (std::string line; std::getline(file, line);) {
    const bool good =
        line.size() > 66 && line.find_first_not_of("0123456789abcdef") == 64 && line.compare(64, 2, "  ") == 0;
    if (!good) throw std::runtime_error(path + " is damaged in line " + std::to_string(sums.size() + 1));
    sums.push_back({line.substr(66), line.substr(0, 64)});
    if (sums.back().path.front() == '/' || sums.back().path.find("..") != std::string::npos)
      throw std::runtime_error(path + " names a file outside the backup: " + sums.back().path);
  }
  if (sums.empty()) throw std::runtime_error(path + " is empty: the backup is damaged");
  return sums;
}

bool has_sums(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(directory + "/" + kSumsFile, ignored);
}

Unfinished::~Unfinished() {
  if (directory_.empty()) return;
  std::error_code ignored;
  for (fs::directory_iterator at(directory_, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code each;
    fs::remove_all(at->path(), each);
  }
  fs::remove(directory_, ignored);  // Stays when it is a mount point; empty then.
}

}  // namespace sluice
