#pragma once

#include <cstddef>
#include <cstdint>

/// Debian's RocksDB computes the CRC32C of every WAL record with tables: its build asks for no instruction set beyond
/// the baseline. crc32c.cc defines the library's `rocksdb::crc32c::Extend` a second time, with the CPU's instruction;
/// the dynamic linker prefers the executable's definition. The result is the same (Castagnoli, RFC 3720 appendix B.4),
/// so files do not depend on which of the two wrote them.

namespace sluice {

/// Whether this build has the replacement. To be called once where a database is opened: a static library's object is
/// linked only when something in it is asked for.
[[nodiscard]] bool use_hardware_crc32c() noexcept;

}  // namespace sluice
