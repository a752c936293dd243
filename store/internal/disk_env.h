#pragma once

#include <string>

#include <rocksdb/env.h>

/// What lies below both databases: the system's files and thread pools, told to leave the log's syncs alone.

namespace sluice {

/// The process's environment; never destroyed. Files are deleted with delete_gradually(), compaction runs at
/// kBackgroundNice. Flushes do not: a thread of low priority that is interrupted in the middle of a truncate keeps the
/// file system's journal, and with it the log's sync, waiting (p99.9 of acks 28 ms instead of 11).
[[nodiscard]] rocksdb::Env* disk_env();

/// Nice value of the indexer and of compaction. Linux, setpriority(2): the weight of such a thread is a seventieth of a
/// serving one's, so it takes what serving leaves. When that is too little the hot index fills and admission slows,
/// which leaves more.
inline constexpr int kBackgroundNice = 19;
/// Of the calling thread.
void run_in_background() noexcept;

/// Cuts a file that only `path` names shorter step by step, then leaves its deletion to the caller. One unlink of 64 MiB
/// holds the file system's journal for as long as freeing them takes (100 ms on an ext4 mounted with `discard`), and
/// the log's sync waits for the journal. Best effort: whatever fails, the deletion decides. Blocks for about twice as
/// long as the deletion would take; background threads only.
void delete_gradually(const std::string& path) noexcept;

}  // namespace sluice
