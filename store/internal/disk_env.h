#pragma once

#include <string>

#include <rocksdb/env.h>

/// What lies below both databases: the system's files, told to leave the log's syncs alone.

namespace sluice {

/// The process's environment; never destroyed. Files are deleted with delete_gradually().
[[nodiscard]] rocksdb::Env* disk_env();

/// Cuts a file that only `path` names shorter step by step, then leaves its deletion to the caller. One unlink of
/// 64 MiB holds the file system's journal for as long as freeing them takes (100 ms on an ext4 mounted with `discard`),
/// and the log's sync waits for the journal. Best effort: whatever fails, the deletion decides. Blocks for about twice
/// as long as the deletion would take; background threads only.
void delete_gradually(const std::string& path) noexcept;

}  // namespace sluice
