#pragma once

#include <string>

#include <rocksdb/db.h>

namespace sluice {

/// A copy of `db` at `path`, which must not exist: tables as hard links where possible. Throws std::runtime_error.
void make_checkpoint(rocksdb::DB& db, const std::string& path);

}  // namespace sluice
