#include "tools/app/checkpointer.h"

#include <exception>
#include <system_error>

#include "engine/base/thread_name.h"
#include "net/dialect/json_writer.h"

namespace sluice {

OperatorPages::Answer Checkpointer::answer(bool start) {
  const std::lock_guard lock(mutex_);
  if (start && progress_ == Progress::making)
    return {409, R"({"state":"making","message":"another backup is being made; try again when it is finished"})"};
  if (start && closed_) return {503, R"({"state":"failed","message":"the server is stopping"})"};
  if (start) {
    if (thread_.joinable()) thread_.join();  // It has ended: `making` is its last but one step.
    progress_ = Progress::making;
    try {
      thread_ = std::thread([this] { make(); });
      name_thread(thread_, "checkpoint");
    } catch (const std::system_error& error) {  // The limit of tasks is reached.
      progress_ = Progress::failed;
      reason_ = std::string("no thread can be started: ") + error.what();
    }
  }
  const int started = progress_ == Progress::failed ? 503 : 202;
  OperatorPages::Answer out{start ? started : 200, "{"};
  constexpr std::string_view kNames[] = {"none", "making", "ready", "failed"};
  append_json_field(out.body, "state", kNames[static_cast<std::size_t>(progress_)]);
  if (progress_ == Progress::ready) out.body += ",\"commits\":" + std::to_string(commits_);
  if (progress_ == Progress::failed) append_json_field(out.body, "message", reason_);
  out.body += '}';
  return out;
}

void Checkpointer::make() {
  std::uint64_t commits = 0;
  std::string reason;
  try {
    commits = store_.checkpoint(path_);
  } catch (const std::exception& error) {
    reason = error.what();
  }
  const std::lock_guard lock(mutex_);
  commits_ = commits;
  reason_ = std::move(reason);
  progress_ = reason_.empty() ? Progress::ready : Progress::failed;
}

void Checkpointer::wait() {
  std::thread last;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    last.swap(thread_);
  }
  if (last.joinable()) last.join();
}

}  // namespace sluice
