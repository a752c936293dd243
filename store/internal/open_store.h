#pragma once

#include <rocksdb/env.h>

#include "store/data_dir.h"
#include "store/store.h"

namespace sluice {

/// Store::open with another environment below RocksDB: tests put a failing disk there. `env` outlives the process's
/// last store, because a database with a background error is never closed.
[[nodiscard]] std::unique_ptr<Store> open_store(const DataDir& directory, const StoreOptions& options,
                                                rocksdb::Env* env);

}  // namespace sluice
