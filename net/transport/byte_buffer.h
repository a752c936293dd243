#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/limits.h"

/// Raw memory for bodies, with limits::kPadding readable bytes behind its capacity, and a pool that keeps small ones.
/// Threads: one io thread owns both. A buffer is uninitialised but for its padding.

namespace sluice {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<char[]>(capacity + limits::kPadding)), capacity_(capacity) {
    std::memset(bytes_.get() + capacity, 0, limits::kPadding);
  }
  ByteBuffer(ByteBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)), capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  [[nodiscard]] char* data() noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

class BufferPool {
 public:
  /// At least `capacity`; larger when one is at hand.
  [[nodiscard]] ByteBuffer take(std::size_t capacity) {
    std::vector<ByteBuffer>& kept = kept_for(capacity);
    if (kept.empty() || kept.back().capacity() < capacity) return ByteBuffer(capacity);
    ByteBuffer buffer = std::move(kept.back());
    kept.pop_back();
    return buffer;
  }
  /// Large buffers are freed: one big body must not be paid for ever.
  void give(ByteBuffer buffer) {
    if (buffer.capacity() == 0 || buffer.capacity() > kKeptBytes) return;
    std::vector<ByteBuffer>& kept = kept_for(buffer.capacity());
    if (kept.size() < kKept) kept.push_back(std::move(buffer));
  }

 private:
  // 64 × (32 + 256) KiB = 18 MiB per io thread at most. Doubled: twice that held; halved: more allocation under many
  // bodies of 32 to 256 KiB.
  static constexpr std::size_t kSmallBytes = 32 * 1024;
  static constexpr std::size_t kKeptBytes = 256 * 1024;
  static constexpr std::size_t kKept = 64;
  [[nodiscard]] std::vector<ByteBuffer>& kept_for(std::size_t capacity) noexcept {
    return capacity <= kSmallBytes ? small_ : large_;
  }
  // Apart: thousands of connections that end give back small ones, and would leave no room for bodies.
  std::vector<ByteBuffer> small_;
  std::vector<ByteBuffer> large_;
};

}  // namespace sluice
