#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "engine/base/check.h"

/// Bounded lock-free ring between exactly one producer thread and one consumer thread.
/// Invariants:
///  1. head_ is written by the consumer only, tail_ by the producer only; tail_ - head_ <= capacity.
///  2. The producer's release store of tail_ publishes the slot; the consumer's acquire load of tail_ sees it whole.
///  3. The consumer's release store of head_ returns the slot; the producer's acquire load of head_ may reuse it.
///  4. Each side keeps a private copy of the other's index and reloads it only when the ring seems full or empty, so a
///     busy ring moves no cache line but the slots.

namespace sluice {

template <class T>
class SpscRing {
 public:
  /// `capacity` is rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {
    SLUICE_CHECK(capacity > 0);
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  /// Producer. False when full; `item` is then untouched.
  [[nodiscard]] bool try_push(T&& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ > mask_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ > mask_) return false;
    }
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Consumer. False when empty.
  [[nodiscard]] bool try_pop(T& item) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) return false;
    }
    item = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// Any thread; a snapshot for metrics and for the producer's "is there room" question.
  [[nodiscard]] std::size_t size_approx() const noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    return tail_.load(std::memory_order_relaxed) - head;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  // 128: the adjacent-line prefetcher pulls cache lines in pairs.
  static constexpr std::size_t kSeparation = 128;
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(kSeparation) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;  // Consumer's.
  alignas(kSeparation) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;  // Producer's.
};

}  // namespace sluice
