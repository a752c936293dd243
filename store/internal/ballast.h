#pragma once

#include <cstdint>
#include <string>

/// The file `ballast` of a data directory: room taken while there is plenty, for the day something else fills the disk.
/// A start has to write before it can serve; an operator deletes the file and starts again. Nothing ever reads it.
/// Threads: start-up, but for ballast_bytes().

namespace sluice {

/// All in bytes.
struct DiskRoom {
  std::uint64_t free = 0;
  std::uint64_t reserve = 0;  ///< Below it nothing is written.
};

/// Makes it (mode 0600, synced; its entry with the directory's next sync) where there is none, `bytes` is not 0, and
/// twice `bytes` and the reserve are free. A start never fails for it: what goes wrong is a line on stderr and leaves
/// no file.
void make_ballast(const std::string& directory, std::uint64_t bytes, DiskRoom room);

/// What deleting it gives back, in bytes on disk; 0 when there is none.
[[nodiscard]] std::uint64_t ballast_bytes(const std::string& directory) noexcept;

/// RocksDB would meet a full disk half way, with an assertion. Throws std::runtime_error with the reason and the next
/// step when `free_bytes` is less than the log files that are to be replayed, of which `unflushed_bytes` count at most.
void require_room_for_start(const std::string& directory, std::uint64_t unflushed_bytes, std::uint64_t free_bytes);

}  // namespace sluice
