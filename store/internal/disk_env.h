#pragma once

#include <string>

#include <rocksdb/env.h>

/// What lies below both databases: the system's files, told to leave the log's syncs alone.

namespace sluice {

/// The process's environment; never destroyed. Once begin_gradual_deletion() was called, files are deleted with
/// delete_gradually(); before, while a store opens, nobody waits for a sync and a restart would only take longer.
[[nodiscard]] rocksdb::Env* disk_env();
/// Any thread; for good.
void begin_gradual_deletion() noexcept;

/// Cuts a file that only `path` names shorter step by step, then leaves its deletion to the caller. One unlink of
/// 64 MiB holds the file system's journal for as long as freeing them takes (100 ms on an ext4 mounted with `discard`),
/// and the log's sync waits for the journal. Best effort: whatever fails, the deletion decides. Blocks for about twice
/// as long as the deletion would take; background threads only.
void delete_gradually(const std::string& path) noexcept;

}  // namespace sluice
