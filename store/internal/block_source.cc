#include "store/internal/block_source.h"

#include "engine/base/bytes.h"
#include "engine/model/row.h"

namespace sluice {

Result<BlockBytes> BlockSource::in_memory(std::uint64_t sequence) {
  if (BlockBytes bytes = recent_.find(sequence)) return bytes;
  if (BlockBytes bytes = cache_.find(sequence)) return bytes;
  return Error{Errc::not_found, 0, "block"};
}

Result<BlockBytes> BlockSource::get(std::uint64_t sequence) {
  if (Result<BlockBytes> bytes = in_memory(sequence)) return bytes;
  std::string key;
  put_u64_be(key, sequence);
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // The block is cached here, once.
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = log_.db->Get(options, log_.families[kScores], key, &value);
  if (status.IsNotFound()) {
    // Readers ask for blocks up to the durable one only, and every one of those exists.
    report_log_damage(log_, "block " + std::to_string(sequence) + " is missing");
    return Error{Errc::corrupt, 0, "block missing"};
  }
  if (status.IsCorruption()) {
    report_log_damage(log_, status.ToString());
    return Error{Errc::corrupt, 0, "block"};
  }
  if (!status.ok()) return Error{Errc::io_error, 0, "block"};
  const Result<BlockView> view = BlockView::open({value.data(), value.size()});
  if (!view || view->sequence() != sequence) {
    report_log_damage(log_, "block " + std::to_string(sequence));
    return view ? Error{Errc::corrupt, 0, "block sequence"} : view.error();
  }
  BlockBytes bytes = std::make_shared<const std::string>(value.data(), value.size());
  cache_.add(sequence, bytes);
  return bytes;
}

}  // namespace sluice
