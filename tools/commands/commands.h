#pragma once

#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "tools/app/settings.h"

/// The subcommands of `sluice`. Each add_* declares its options on `app` and leaves what to run in `run`, which main
/// calls after parsing; the result is the process's exit code. Errors are std::runtime_error with a sentence for the
/// operator.

namespace sluice {

using Command = std::function<int()>;

/// Settings flags shared by serve, config and the commands that may open the data directory themselves.
void add_settings_options(CLI::App& app, std::shared_ptr<SettingsLoader> loader,
                          std::shared_ptr<std::string> config_file);
/// And keeps the process's memory private, unless core_dumps says otherwise: keys and scores are about to be in it.
[[nodiscard]] Settings resolve_settings(SettingsLoader& loader, const std::string& config_file);

void add_serve_command(CLI::App& app, Command& run);
void add_keys_command(CLI::App& app, Command& run);
void add_labels_command(CLI::App& app, Command& run);
void add_backup_command(CLI::App& app, Command& run);
void add_restore_command(CLI::App& app, Command& run);
void add_verify_command(CLI::App& app, Command& run);
void add_export_command(CLI::App& app, Command& run);
void add_import_command(CLI::App& app, Command& run);
void add_config_command(CLI::App& app, Command& run);
void add_version_command(CLI::App& app, Command& run);

// Exit codes beside 0 and 1 (sysexits.h).
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;
inline constexpr int kExitLogUnknown = 74;  ///< Acks had to stop after an I/O error; a restart recovers.
inline constexpr int kExitConfig = 78;

}  // namespace sluice
