#include "tools/load/ack_set.h"

#include <algorithm>
#include <bit>

namespace sluice::load {

void AckSet::add(std::uint64_t request) {
  const std::uint64_t chunk = request / kChunkBits;
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<std::uint64_t[]>(kChunkBits / 64);
  std::uint64_t& word = chunks_[chunk][request % kChunkBits / 64];
  const std::uint64_t bit = std::uint64_t{1} << (request % 64);
  if ((word & bit) == 0) ++count_;
  word |= bit;
  end_ = std::max(end_, request + 1);
}

bool AckSet::has(std::uint64_t request) const noexcept {
  const std::uint64_t chunk = request / kChunkBits;
  if (chunk >= chunks_.size() || !chunks_[chunk]) return false;
  return (chunks_[chunk][request % kChunkBits / 64] >> (request % 64) & 1) != 0;
}

void AckSet::merge(const AckSet& other) {
  if (other.chunks_.size() > chunks_.size()) chunks_.resize(other.chunks_.size());
  for (std::size_t i = 0; i < other.chunks_.size(); ++i) {
    if (!other.chunks_[i]) continue;
    if (!chunks_[i]) chunks_[i] = std::make_unique<std::uint64_t[]>(kChunkBits / 64);
    for (std::size_t word = 0; word < kChunkBits / 64; ++word) {
      const std::uint64_t fresh = other.chunks_[i][word] & ~chunks_[i][word];
      count_ += static_cast<std::uint64_t>(std::popcount(fresh));
      chunks_[i][word] |= fresh;
    }
  }
  end_ = std::max(end_, other.end_);
}

}  // namespace sluice::load
