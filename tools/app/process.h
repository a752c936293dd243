#pragma once

#include <cstddef>

/// What the process asks of the kernel for itself before it serves.

namespace sluice {

/// Raises the limit of open files to what the system allows; the limit now in force.
[[nodiscard]] std::size_t raise_descriptor_limit();
/// How many of `wanted` connections fit under `descriptors`. The store opens files while it serves, and one it cannot
/// open stops acks, so connections never get its share. Throws std::runtime_error when hardly any would be left.
[[nodiscard]] std::size_t connections_within(std::size_t descriptors, std::size_t wanted);
/// No core file, no debugger but root's, no reading of /proc/<pid>/mem and environ by others of the same user.
void keep_memory_private();

}  // namespace sluice
