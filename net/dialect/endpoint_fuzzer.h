#pragma once

#include <cstddef>
#include <cstdint>

#include "net/dialect/dialect.h"

/// What the dialects' fuzz targets share. The first byte of the input chooses a route, the second varies settings and
/// outcomes; the rest is the body, or the query of a route that has none.

namespace sluice {

/// Runs the route's endpoint to its reply against an engine that answers at once. Always 0.
int fuzz_endpoint(const Dialect& dialect, const std::uint8_t* data, std::size_t size);

}  // namespace sluice
