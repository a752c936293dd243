#include "store/internal/checkpoint.h"

#include <memory>
#include <stdexcept>

#include <rocksdb/utilities/checkpoint.h>

namespace sluice {

void make_checkpoint(rocksdb::DB& db, const std::string& path) {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  // 0: flush first. Only the log file in use is copied then, and no older one, which may lack a sync, is linked
  // (#12731). Twice: 7.8.3 may name a MANIFEST that was just replaced (#12882).
  constexpr std::uint64_t kAlwaysFlush = 0;
  if (status.ok()) status = checkpoint->CreateCheckpoint(path, kAlwaysFlush);
  if (status.IsPathNotFound()) status = checkpoint->CreateCheckpoint(path, kAlwaysFlush);
  if (!status.ok()) throw std::runtime_error("cannot copy the log to " + path + ": " + status.ToString());
}

}  // namespace sluice
