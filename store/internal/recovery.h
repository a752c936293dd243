#pragma once

#include <memory>
#include <string>

#include "engine/base/keyed_hash.h"
#include "store/internal/databases.h"
#include "store/internal/hot_index.h"
#include "store/internal/indexer.h"

/// What opening does after the databases are open. Main thread, start-up: failures throw std::runtime_error.

namespace sluice {

/// Opens the index; one of an older format, or that knows blocks the log does not have, is removed and started anew.
[[nodiscard]] Database open_index_for(const std::string& path, const MemoryPlan& plan,
                                      std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env, const Database& log);
/// Puts the postings of every block past the index's watermark back into the hot index, checking that none is missing.
/// With more of them than `hot_rows` (an index that is rebuilt) it goes at the indexer's rate.
void recover_hot_index(const Database& log, const LogTail& tail, const KeyedHash& keys, std::size_t hot_rows,
                       HotIndex& hot, Indexer& indexer, WritePacer& merges);

}  // namespace sluice
