#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "engine/ports/record_reader.h"

/// Postings of sources that were read lately, as the index had them: finding them there asks every sorted run. Never
/// wrong: an entry holds all postings in blocks before its end, and no posting of an indexed block is ever added, moved
/// or removed. A table of fixed places, one per hash: a newer source takes the place of an older one. Threads: any; a
/// lock is held for the copy of one entry.

namespace sluice {

class PostingCache {
 public:
  /// At least `bytes_max` / 2 of it is used.
  explicit PostingCache(std::size_t bytes_max);
  /// Appends the source's hits in blocks before `end`, oldest first. False: they are not known.
  [[nodiscard]] bool find(std::uint64_t hash, std::uint64_t end, std::vector<PostingHit>& out) const;
  /// `hits`: all there are in blocks before `end`, oldest first. Long lists are not kept.
  void put(std::uint64_t hash, std::uint64_t end, std::span<const PostingHit> hits);

 private:
  static constexpr std::size_t kHits = 14;
  static constexpr std::size_t kLocks = 64;
  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t end = 0;  // 0: an empty place, since blocks count from 1.
    std::array<std::uint64_t, kHits> hits{};  // block ‖ slot, 16 bits ‖ parent, 1 bit; 0 ends a shorter list.
  };
  static_assert(sizeof(Entry) == 128, "two cache lines");

  [[nodiscard]] std::size_t place(std::uint64_t hash) const noexcept { return hash & (entries_.size() - 1); }

  std::vector<Entry> entries_;  // A power of two.
  mutable std::array<std::mutex, kLocks> locks_;  // Of the places that are equal modulo kLocks.
};

}  // namespace sluice
