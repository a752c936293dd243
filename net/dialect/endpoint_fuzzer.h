#pragma once

#include <cstddef>
#include <cstdint>

#include "net/dialect/dialect.h"

/// What the dialects' fuzz targets share. The first byte of the input chooses a route, the second settings, who asks
/// and what is refused. Then, each on a line of its own, may come a '/' and what stands in the path for {id} (one
/// digit: something that FuzzWorld holds), and a '?' and the query. The rest is the body; of a route that has none, and
/// without a '?', the query.

namespace sluice {

/// Runs the route's endpoint to its reply against an engine that answers at once. Always 0.
int fuzz_endpoint(const Dialect& dialect, const std::uint8_t* data, std::size_t size);

}  // namespace sluice
