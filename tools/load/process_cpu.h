#pragma once

#include <cstdint>
#include <optional>

/// CPU time of this process and of the server, when the server runs on this machine.

namespace sluice::load {

/// User and system time of this process, ns.
[[nodiscard]] std::int64_t own_cpu_ns() noexcept;
/// User and system time of another process, ns (in steps of 10 ms); nullopt when it cannot be read.
[[nodiscard]] std::optional<std::int64_t> process_cpu_ns(int pid);
/// The process that listens on TCP `port` of this machine; nullopt when none can be seen.
[[nodiscard]] std::optional<int> listener_pid(std::uint16_t port);

}  // namespace sluice::load
