#include "tools/app/log.h"

#include <chrono>
#include <memory>

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/base/time.h"
#include "net/dialect/json_writer.h"

namespace sluice {
namespace {

/// spdlog's own patterns do not escape the message, so a line could be forged from it.
class JsonLines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string line = "{\"time\":";
    append_json_time(line,
                     std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch()).count());
    line += ",\"level\":\"";
    const auto level = spdlog::level::to_string_view(message.level);
    line.append(level.data(), level.size());
    line += "\",\"message\":";
    append_json_string(line, {message.payload.data(), message.payload.size()});
    line += "}\n";
    out.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

}  // namespace

void start_logging(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<JsonLines>());
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_info(const std::string& message) { spdlog::default_logger_raw()->info("{}", message); }
void log_error(const std::string& message) { spdlog::default_logger_raw()->error("{}", message); }

}  // namespace sluice
