#include "store/internal/posting_cache.h"

#include <algorithm>
#include <bit>

namespace sluice {

PostingCache::PostingCache(std::size_t bytes_max)
    : entries_(std::bit_floor(std::max(bytes_max / sizeof(Entry), kLocks))) {}

bool PostingCache::find(std::uint64_t hash, std::uint64_t end, std::vector<PostingHit>& out) const {
  const std::size_t at = place(hash);
  const std::lock_guard lock(locks_[at % kLocks]);
  const Entry& entry = entries_[at];
  if (entry.hash != hash || entry.end < end) return false;
  for (const std::uint64_t hit : entry.hits) {
    const std::uint64_t block = hit >> 17;
    if (hit == 0 || block >= end) break;
    out.push_back({{block, static_cast<std::uint16_t>(hit >> 1)}, (hit & 1) != 0});
  }
  return true;
}

void PostingCache::put(std::uint64_t hash, std::uint64_t end, std::span<const PostingHit> hits) {
  if (hits.size() > kHits) return;
  const std::size_t at = place(hash);
  const std::lock_guard lock(locks_[at % kLocks]);
  Entry& entry = entries_[at];
  if (entry.hash == hash && entry.end >= end) return;  // A newer view was faster.
  entry.hash = hash;
  entry.end = end;
  entry.hits = {};
  std::ranges::transform(hits, entry.hits.begin(), [](const PostingHit& hit) {
    return hit.at.block << 17 | std::uint64_t{hit.at.slot} << 1 | (hit.parent ? 1 : 0);
  });
}

}  // namespace sluice
