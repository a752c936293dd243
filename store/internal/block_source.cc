#include "store/internal/block_source.h"

#include "engine/base/bytes.h"
#include "engine/model/row.h"

namespace sluice {

Result<BlockBytes> BlockSource::get(std::uint64_t sequence) {
  if (BlockBytes bytes = recent_.find(sequence)) return bytes;
  if (BlockBytes bytes = cache_.find(sequence)) return bytes;
  std::string key;
  put_u64_be(key, sequence);
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // The block is cached here, once.
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = log_.db->Get(options, log_.families[kScores], key, &value);
  if (status.IsNotFound()) return Error{Errc::not_found, 0, "block"};
  if (status.IsCorruption()) return Error{Errc::corrupt, 0, "block"};
  if (!status.ok()) return Error{Errc::io_error, 0, "block"};
  const Result<BlockView> view = BlockView::open({value.data(), value.size()});
  if (!view) return view.error();
  if (view->sequence() != sequence) return Error{Errc::corrupt, 0, "block sequence"};
  BlockBytes bytes = std::make_shared<const std::string>(value.data(), value.size());
  cache_.add(sequence, bytes);
  return bytes;
}

}  // namespace sluice
