#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/base/limits.h"
#include "net/transport/free_list.h"

/// Raw memory for bodies, with limits::kPadding readable bytes behind its capacity, and a pool of those that are free.
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
  /// `bytes_max`: of buffers for bodies; those of connections add kSmallBytesMax.
  explicit BufferPool(std::size_t bytes_max) : small_(kSmallBytesMax), large_(bytes_max) {}

  /// At least `capacity`; larger when one is at hand.
  [[nodiscard]] ByteBuffer take(std::size_t capacity) {
    FreeList<ByteBuffer>& kept = kept_for(capacity);
    if (kept.next() == nullptr || kept.next()->capacity() < capacity) return ByteBuffer(capacity);
    return kept.take();
  }
  /// Large buffers are freed: one big body must not be paid for ever.
  void give(ByteBuffer buffer) {
    const std::size_t bytes = buffer.capacity();
    if (bytes == 0 || bytes > kKeptBytes) return;
    kept_for(bytes).give(std::move(buffer), bytes);
  }
  /// See FreeList.
  void trim() {
    small_.trim();
    large_.trim();
  }

 private:
  // Of connections. Doubled: 2 MiB more for each io thread until a crowd that ended is forgotten; halved: more of the
  // next ones' are allocated.
  static constexpr std::size_t kSmallBytes = 32 * 1024;
  static constexpr std::size_t kSmallBytesMax = 64 * kSmallBytes;
  static constexpr std::size_t kKeptBytes = 256 * 1024;
  [[nodiscard]] FreeList<ByteBuffer>& kept_for(std::size_t capacity) noexcept {
    return capacity <= kSmallBytes ? small_ : large_;
  }
  // Apart: thousands of connections that end give back small ones, and would leave no room for bodies.
  FreeList<ByteBuffer> small_;
  FreeList<ByteBuffer> large_;
};

}  // namespace sluice
