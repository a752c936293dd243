#pragma once

#include <functional>
#include <string>

#include "engine/model/catalogue.h"
#include "engine/model/row.h"

namespace sluice {

/// Reads a copy of a log that nobody writes: first its catalogue into `catalogue`, then every block in order into
/// `visit`. Throws std::runtime_error when it cannot be read or is damaged. Any one thread.
void scan_log(const std::string& path, Catalogue& catalogue, const std::function<void(const BlockView&)>& visit);

}  // namespace sluice
