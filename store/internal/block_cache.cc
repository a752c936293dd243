#include "store/internal/block_cache.h"

namespace sluice {
namespace {

constexpr std::size_t kEntryOverheadBytes = 160;  // List node, map node, string header, control block.

std::size_t charge(const BlockBytes& bytes) { return bytes->capacity() + kEntryOverheadBytes; }

}  // namespace

void RecentBlocks::add(std::uint64_t sequence, BlockBytes bytes) {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || sequence != first_ + blocks_.size()) {
    blocks_.clear();
    bytes_ = 0;
    first_ = sequence;
  }
  bytes_ += charge(bytes);
  blocks_.push_back(std::move(bytes));
  while (bytes_ > bytes_max_ && !blocks_.empty()) {
    bytes_ -= charge(blocks_.front());
    blocks_.pop_front();
    ++first_;
  }
}

BlockBytes RecentBlocks::find(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  if (sequence < first_ || sequence - first_ >= blocks_.size()) return nullptr;
  return blocks_[sequence - first_];
}

void BlockCache::add(std::uint64_t sequence, const BlockBytes& bytes) {
  Shard& at = shard(sequence);
  const std::lock_guard lock(at.mutex);
  if (at.places.contains(sequence)) return;  // Two readers missed at the same time.
  at.order.push_front({sequence, bytes});
  at.places.emplace(sequence, at.order.begin());
  at.bytes += charge(bytes);
  while (at.bytes > shard_bytes_max_ && !at.order.empty()) {
    at.bytes -= charge(at.order.back().bytes);
    at.places.erase(at.order.back().sequence);
    at.order.pop_back();
  }
}

BlockBytes BlockCache::find(std::uint64_t sequence) {
  Shard& at = shard(sequence);
  const std::lock_guard lock(at.mutex);
  const auto found = at.places.find(sequence);
  if (found == at.places.end()) return nullptr;
  at.order.splice(at.order.begin(), at.order, found->second);
  return found->second->bytes;
}

}  // namespace sluice
