#include "engine/base/arena.h"

#include <algorithm>

namespace sluice {

namespace {
constexpr std::size_t kAlignment = 16;
// Chunks double up to here: a large body costs few allocations, and a small one past the first chunk wastes little.
constexpr std::size_t kLargestStep = 1u << 20;
static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= kAlignment);
}  // namespace

char* Arena::allocate(std::size_t size) {
  size = (size + kAlignment - 1) & ~(kAlignment - 1);
  // The first chunk always has the standard size, because it is the one that reset() keeps.
  if (chunks_.empty()) chunks_.push_back({std::make_unique_for_overwrite<char[]>(kChunkBytes), kChunkBytes});
  if (size > chunks_.back().size - used_) {
    const std::size_t chunk = std::max(size, std::min(chunks_.back().size * 2, kLargestStep));
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(chunk), chunk});
    used_ = 0;
  }
  char* const at = chunks_.back().bytes.get() + used_;
  used_ += size;
  return at;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* const at = allocate(text.size());
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

void Arena::reset() noexcept {
  if (chunks_.size() > 1) chunks_.erase(chunks_.begin() + 1, chunks_.end());
  used_ = 0;
}

}  // namespace sluice
