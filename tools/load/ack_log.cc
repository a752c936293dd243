#include "tools/load/ack_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::load {
namespace {

constexpr auto kFlushEvery = std::chrono::milliseconds(50);

void write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::runtime_error(std::string("cannot write the ack log: ") + std::strerror(errno));
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace

AckLog::AckLog(const std::string& path, const PlanOptions& plan, const std::vector<LoadLabel>& labels) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd_ < 0) throw std::runtime_error("cannot create the ack log " + path + ": " + std::strerror(errno));
  nlohmann::json head{{"seed", plan.seed},         {"api", static_cast<int>(plan.api)},
                      {"batch", plan.batch},       {"visits", plan.visits},
                      {"spread", plan.spread},     {"variants", plan.variants},
                      {"one_source", plan.one_source}, {"client_ids", plan.client_ids},
                      {"invalid", plan.invalid},   {"text", plan.text}};
  for (const LoadLabel& label : labels) head["labels"].push_back({{"id", label.id}, {"name", label.name}});
  const std::string line = head.dump() + "\n";
  write_all(fd_, line.data(), line.size());
  writer_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

AckLog::~AckLog() {
  writer_.request_stop();
  if (writer_.joinable()) writer_.join();
  ::close(fd_);
}

void AckLog::add(std::uint64_t request) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(request);
}

void AckLog::flush() {
  {
    const std::lock_guard lock(mutex_);
    writing_.swap(waiting_);
  }
  if (writing_.empty()) return;
  write_all(fd_, reinterpret_cast<const char*>(writing_.data()), writing_.size() * sizeof(std::uint64_t));
  writing_.clear();
  if (::fdatasync(fd_) != 0) throw std::runtime_error(std::string("cannot sync the ack log: ") + std::strerror(errno));
}

void AckLog::run(const std::stop_token& stop) {
  std::mutex idle;
  std::condition_variable_any stopped;
  std::unique_lock lock(idle);
  while (!stop.stop_requested()) {
    stopped.wait_for(lock, stop, kFlushEvery, [] { return false; });
    flush();
  }
  flush();
}

AckLog::Contents AckLog::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error("cannot read the ack log " + path);
  Contents contents;
  const nlohmann::json head = nlohmann::json::parse(line);
  PlanOptions& plan = contents.plan;
  plan.seed = head.at("seed");
  plan.api = static_cast<Api>(head.at("api").get<int>());
  plan.batch = head.at("batch");
  plan.visits = head.at("visits");
  plan.spread = head.at("spread");
  plan.variants = head.at("variants");
  plan.one_source = head.at("one_source");
  plan.client_ids = head.at("client_ids");
  plan.invalid = head.at("invalid");
  plan.text = head.at("text");
  for (const auto& label : head.at("labels")) contents.labels.push_back({label.at("id"), label.at("name")});
  plan.labels = static_cast<std::uint32_t>(contents.labels.size());
  std::array<std::uint64_t, 4096> records;
  while (in) {
    in.read(reinterpret_cast<char*>(records.data()), sizeof records);
    const auto whole = static_cast<std::size_t>(in.gcount()) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < whole; ++i) contents.acked.add(records[i]);
  }
  return contents;
}

}  // namespace sluice::load
