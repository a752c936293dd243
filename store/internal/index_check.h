#pragma once

#include <array>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/model/row.h"
#include "engine/ports/record_reader.h"
#include "store/internal/databases.h"
#include "store/verify.h"

/// Compares the index with the log in both directions in one pass over each: both sides are summed up, entry by entry,
/// per family and run of blocks. Sums of keyed hashes are equal only when the entries are (but for a chance of 2^-64),
/// and their counts say which side has more. Memory does not grow with the data.

namespace sluice {

class IndexCheck {
 public:
  /// Blocks up to `watermark` are in the index.
  IndexCheck(const KeyedHash& keys, std::uint64_t watermark);

  /// What the log says the index must have for this block. False: a row cannot be read.
  [[nodiscard]] bool expect(const BlockView& block);
  /// Reads the index and reports every difference.
  void compare(Database& index, IndexCounts& counts, Verification& out);

 private:
  struct Sum {
    std::uint64_t entries = 0;
    std::uint64_t hashes = 0;
    bool operator==(const Sum&) const = default;
  };
  using Sums = std::array<std::vector<Sum>, kIndexFamilies>;
  [[nodiscard]] std::size_t bucket(std::uint64_t block) const noexcept;
  void add(Sums& sums, int family, std::uint64_t block, std::string_view key, std::string_view value);
  void add_posting(Sums& sums, int family, std::uint64_t hash, std::uint64_t block, std::uint32_t mark);
  void expect_owned(int family, std::uint64_t block, std::vector<BlockPostings::Slot>& slots);
  std::uint64_t read_family(Database& index, int family, Verification& out);
  /// An entry of a hashed family is a posting, whatever list it stands in; of another, a block's runs.
  std::uint64_t read_hashed(int family, std::uint64_t block, std::string_view key, std::string_view value,
                            Verification& out);
  void compare_family(int family, Verification& out) const;

  const KeyedHash& keys_;
  const std::uint64_t watermark_;
  std::size_t buckets_;
  Sums expected_;
  Sums found_;
  BlockPostings postings_;  // Scratch, as what follows.
  std::string key_, value_, entry_;
  std::vector<PostingHit> hits_;
  std::vector<std::uint16_t> slots_;
};

}  // namespace sluice
