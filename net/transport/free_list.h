#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

/// Objects between two uses: last in, first out, so that the next user gets the one that is warmest in cache.
///
/// Bounded in bytes, and given back to the allocator as they turn out not to be needed: what lay unused for a while was
/// there for a burst. Without that the bound must be small, and a load that goes past it pays for fresh pages with each
/// request: under overload that was half of an io thread's time (bench/README.md).
/// Threads: one owns it.

namespace sluice {

template <class T>
class FreeList {
 public:
  explicit FreeList(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The next to be taken; nullptr: there is none.
  [[nodiscard]] const T* next() const noexcept { return items_.empty() ? nullptr : &items_.back().item; }
  /// There must be one.
  [[nodiscard]] T take() {
    T item = std::move(items_.back().item);
    bytes_ -= items_.back().bytes;
    items_.pop_back();
    unused_ = std::min(unused_, items_.size());
    return item;
  }
  /// Keeps it, or frees it where it would be too much. `bytes`: what it holds, itself included.
  void give(T item, std::size_t bytes) {
    if (bytes > bytes_max_ - bytes_) return;
    bytes_ += bytes;
    items_.push_back({std::move(item), bytes});
  }
  /// At a steady pace: frees an eighth of what nobody took since the last call, at least one.
  void trim() {
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>((unused_ + 7) / 8);
    for (auto one = items_.begin(); one != end; ++one) bytes_ -= one->bytes;
    items_.erase(items_.begin(), end);
    unused_ = items_.size();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry {
    T item;
    std::size_t bytes;
  };
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::size_t unused_ = 0;  // The fewest there were since the last trim(): so many, from the front, were never taken.
  std::vector<Entry> items_;
};

}  // namespace sluice
