#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

/// What the process asks of the kernel for itself before it works, and what it hides of itself.

namespace sluice {

/// Raises the limit of open files to what the system allows; the limit now in force.
[[nodiscard]] std::size_t raise_descriptor_limit();
/// The limit of open files that is in force.
[[nodiscard]] std::size_t descriptor_limit();
/// How many of `wanted` connections fit under `descriptors`. The store opens files while it serves, and one it cannot
/// open stops acks, so connections never get its share. Throws std::runtime_error when hardly any would be left.
[[nodiscard]] std::size_t connections_within(std::size_t descriptors, std::size_t wanted);
/// How many of `descriptors` are the store's (StoreOptions::open_files): what connections leave, less the listeners',
/// the io threads' and admin.sock's.
[[nodiscard]] std::size_t store_descriptors(std::size_t descriptors);
/// Before the first thread: what is freed goes back to the system instead of being kept for later, in pieces.
void give_freed_memory_back() noexcept;
/// No core file, no debugger but root's, no reading of /proc/<pid>/mem and environ by others of the same user.
void keep_memory_private();
/// Writes stars over the values of these options (`--key VALUE`, `--key=VALUE`), so that `ps` and /proc/<pid>/cmdline
/// no longer show them to everybody on the machine. `@FILE` stays. What was read before is not taken back.
void hide_arguments(int argc, char** argv, std::initializer_list<std::string_view> options);

}  // namespace sluice
