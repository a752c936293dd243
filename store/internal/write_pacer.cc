#include "store/internal/write_pacer.h"

#include <chrono>
#include <thread>

namespace sluice {

void WritePacer::Request(std::int64_t /*bytes*/, rocksdb::Env::IOPriority priority,
                         rocksdb::Statistics* /*statistics*/) {
  if (priority != rocksdb::Env::IO_LOW && priority != rocksdb::Env::IO_HIGH) return;  // A merge; a flush.
  while (held_.load(std::memory_order_relaxed)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  pacer_.rest();
}

}  // namespace sluice
