#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tools/app/settings.h"
#include "tools/http/http_client.h"

/// Administration from the command line: over admin.sock of a running server, or, when none holds the data directory,
/// through a private instance that listens on that socket only. One code path either way.

namespace sluice {

/// Runs `work` with a client of the directory's admin socket; its result is the exit code.
int with_admin(const Settings& settings, const std::function<int(HttpClient&)>& work);

/// Prints a success body on stdout (pretty, or raw with `json`); otherwise throws with the server's own message.
void print_answer(const HttpAnswer& answer, bool json);

[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace sluice
