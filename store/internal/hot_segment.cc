#include "store/internal/hot_segment.h"

#include <algorithm>
#include <bit>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "store/internal/slot_codec.h"

namespace sluice {

HotChain::HotChain(std::size_t buckets)
    : mask_(std::bit_ceil(std::max<std::size_t>(buckets, 1)) - 1),
      heads_(std::make_unique<std::atomic<std::uint32_t>[]>(mask_ + 1)),
      chunks_(std::make_unique<std::unique_ptr<Entry[]>[]>(kChunks)) {}

void HotChain::add(std::uint64_t key, std::uint32_t block, std::uint32_t detail) {
  const std::size_t chunk = size_ >> kChunkBits;
  SLUICE_CHECK(chunk < kChunks);  // A segment is sealed at a group's end, long before 64 M postings.
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique_for_overwrite<Entry[]>(std::size_t{1} << kChunkBits);
  std::atomic<std::uint32_t>& head = heads_[bucket(key)];
  chunks_[chunk][size_ & ((1u << kChunkBits) - 1)] = {key, block, head.load(std::memory_order_relaxed), detail};
  head.store(++size_, std::memory_order_release);  // Pairs with the acquire in visit().
}

void HotChain::roll_back(std::uint32_t size) {
  if (size == size_) return;
  for (std::uint32_t number = size_; number > size; --number) {
    const Entry& entry = at(number - 1);
    heads_[bucket(entry.key)].store(entry.next, std::memory_order_release);
  }
  if (!dead_.empty() && dead_.back().second == size) {
    dead_.back().second = size_;
  } else {
    dead_.emplace_back(size, size_);
  }
}

HotBytes::HotBytes() : chunks_(std::make_unique<std::unique_ptr<char[]>[]>(kChunks)) {}

std::uint32_t HotBytes::add(std::string_view bytes) {
  constexpr std::size_t kChunkBytes = std::size_t{1} << kChunkBits;
  constexpr std::size_t kSizeBytes = 4;
  const std::size_t needed = bytes.size() + kSizeBytes;
  SLUICE_CHECK(needed <= kChunkBytes);  // 65,536 slots take at most 3 bytes each.
  if ((used_ & (kChunkBytes - 1)) + needed > kChunkBytes) used_ = (used_ | (kChunkBytes - 1)) + 1;
  const std::size_t chunk = used_ >> kChunkBits;
  SLUICE_CHECK(chunk < kChunks);
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  char* const at = chunks_[chunk].get() + (used_ & (kChunkBytes - 1));
  const std::uint32_t size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(at, &size, kSizeBytes);
  std::memcpy(at + kSizeBytes, bytes.data(), bytes.size());
  const std::uint32_t place = static_cast<std::uint32_t>(used_);
  used_ += needed;
  return place;
}

std::string_view HotBytes::get(std::uint32_t place) const noexcept {
  const char* const at = chunks_[place >> kChunkBits].get() + (place & ((1u << kChunkBits) - 1));
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return {at + sizeof size, size};
}

HotSegment::HotSegment(std::uint64_t first_block, std::size_t rows_expected)
    : first_block_(first_block),
      by_source_(rows_expected),
      by_client_id_(rows_expected / 4),
      by_annotator_(rows_expected / 64),
      by_workspace_(rows_expected / 64),
      added_block_(first_block - 1),
      marked_{first_block - 1, {}} {}

void HotSegment::add(std::uint64_t sequence, BlockPostings& postings) {
  SLUICE_CHECK(sequence == added_block_ + 1);
  added_block_ = sequence;
  const std::uint32_t block = static_cast<std::uint32_t>(sequence - first_block_);
  for (const Posting& posting : postings.by_source) {
    by_source_.add(posting.hash, block, posting.slot * 2u + (posting.parent ? 1u : 0u));
  }
  for (const Posting& posting : postings.by_client_id) by_client_id_.add(posting.hash, block, posting.slot * 2u);
  add_owners(by_annotator_, block, postings.by_annotator);
  add_owners(by_workspace_, block, postings.by_workspace);
}

void HotSegment::add_owners(HotChain& chain, std::uint32_t block, std::vector<BlockPostings::Slot>& slots) {
  const auto before = [](const BlockPostings::Slot& a, const BlockPostings::Slot& b) {
    return a.owner != b.owner ? a.owner < b.owner : a.slot < b.slot;
  };
  if (!std::is_sorted(slots.begin(), slots.end(), before)) std::sort(slots.begin(), slots.end(), before);
  for (std::size_t at = 0; at < slots.size();) {
    const std::uint32_t owner = slots[at].owner;
    scratch_.clear();
    for (; at < slots.size() && slots[at].owner == owner; ++at) scratch_.push_back(slots[at].slot);
    encoded_.clear();
    append_runs(encoded_, scratch_);
    chain.add(owner, block, bytes_.add(encoded_));
  }
}

void HotSegment::mark() {
  marked_ = {added_block_, {by_source_.size(), by_client_id_.size(), by_annotator_.size(), by_workspace_.size()}};
}

void HotSegment::roll_back() {
  added_block_ = marked_.last_block;
  by_source_.roll_back(marked_.sizes[0]);
  by_client_id_.roll_back(marked_.sizes[1]);
  by_annotator_.roll_back(marked_.sizes[2]);
  by_workspace_.roll_back(marked_.sizes[3]);
  mark();  // The dead entries keep their numbers, so the next group starts after them.
}

}  // namespace sluice
