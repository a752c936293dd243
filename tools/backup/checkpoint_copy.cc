#include "tools/backup/checkpoint_copy.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

namespace sluice {
namespace {

namespace fs = std::filesystem;
constexpr auto kAskEvery = std::chrono::milliseconds(100);

std::string message_of(const nlohmann::json& body) {
  return body.is_object() && body.contains("message") && body["message"].is_string()
             ? body["message"].get<std::string>()
             : std::string("no reason given");
}

nlohmann::json ask(HttpClient& client, const char* method) {
  const HttpAnswer answer = client.request(method, "/v1/checkpoint");
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status >= 300 || !body.is_object() || !body.contains("state"))
    throw std::runtime_error("the server cannot copy its log (" + std::to_string(answer.status) +
                             "): " + message_of(body));
  return body;
}

/// One copy at a time. The server's own lock is on the file LOCK inside.
int lock(const std::string& data) {
  const int fd = ::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot open the data directory " + data + ": " + std::strerror(errno));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  throw std::runtime_error("another `sluice backup` or `sluice export --events` of " + data +
                           " is running; wait until it has ended");
}

void remove_tree(const std::string& path) noexcept {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

CheckpointCopy::CheckpointCopy(HttpClient& client, const std::string& data)
    : path_(data + "/checkpoint"), lock_fd_(lock(data)) {
  try {
    remove_tree(path_);  // Of a command that was killed.
    nlohmann::json now = ask(client, "POST");
    while (now["state"] == "making") {
      std::this_thread::sleep_for(kAskEvery);
      now = ask(client, "GET");
    }
    if (now["state"] != "ready") throw std::runtime_error(message_of(now));
    commits_ = now.value("commits", std::uint64_t{0});
  } catch (...) {
    ::close(lock_fd_);
    throw;
  }
}

CheckpointCopy::~CheckpointCopy() {
  remove_tree(path_);
  ::close(lock_fd_);
}

void require_data_directory(const std::string& data) {
  std::error_code ignored;
  if (!fs::exists(data + "/FORMAT", ignored))
    throw std::runtime_error(data + " is no data directory of Sluice; name the right one with --data");
}

}  // namespace sluice
