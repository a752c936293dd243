#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace sluice {

/// Declares `sluice load` on `app`; parsing it leaves what to run in `run` (the result is the exit code).
void add_load_command(CLI::App& app, std::function<int()>& run);

}  // namespace sluice
