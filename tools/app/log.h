#pragma once

#include <string>

/// Log lines on stderr: one JSON object each ({"time","level","message"}), every foreign byte escaped. Never holds
/// keys, bodies or Authorization. Any thread.

namespace sluice {

/// Sets up the process's default logger; level as in the settings.
void start_logging(const std::string& level);
void log_info(const std::string& message);
void log_error(const std::string& message);

}  // namespace sluice
