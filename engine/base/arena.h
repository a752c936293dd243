#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

/// Bump allocator for the strings of one request that could not stay in the body (unescaped text, lists).
/// Owned and used by one thread at a time. reset() keeps the first chunk, so a steady connection allocates nothing.
/// Everything handed out lives until reset(); nothing is destroyed (trivial types only).

namespace sluice {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised bytes, aligned to 16.
  [[nodiscard]] char* allocate(std::size_t size);
  [[nodiscard]] std::string_view copy(std::string_view text);
  template <class T>
  [[nodiscard]] std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty()) return {};
    T* const at = reinterpret_cast<T*>(allocate(items.size_bytes()));
    std::memcpy(at, items.data(), items.size_bytes());
    return {at, items.size()};
  }
  void reset() noexcept;

 private:
  static constexpr std::size_t kChunkBytes = 16 * 1024;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t used_ = 0;  // In the last chunk.
};

}  // namespace sluice
