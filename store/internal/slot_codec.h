#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/ports/record_reader.h"

/// Values of the index families (store/README.md). Pure. Decoders return corrupt on anything no encoder writes.

namespace sluice {

/// by_source, by_client_id: the postings of one hash, ascending by (block, mark). `mark` is slot × 2 + parent. The
/// first one's block is in the key, so it is one varint, the mark; each later one is two: blocks since the one before,
/// and the mark, less the one before if the block is the same.
class PostingListEncoder {
 public:
  /// Empties `out`, which it appends to from now on.
  PostingListEncoder(std::string& out, std::uint64_t first_block, std::uint32_t first_mark);
  void add(std::uint64_t block, std::uint32_t mark);

 private:
  std::string& out_;
  std::uint64_t block_;
  std::uint32_t mark_;
};
/// Appends the hits, oldest first.
[[nodiscard]] Result<void> read_postings(std::string_view value, std::uint64_t first_block,
                                         std::vector<PostingHit>& out);

/// by_annotator, by_workspace: runs of consecutive slots. One varint per run, (gap to the run before) × 2 + (longer
/// than one), and for the longer ones a second: length - 2. A block of one owner is one run.
void append_runs(std::string& out, std::span<const std::uint16_t> slots);
/// Appends the slots, ascending.
[[nodiscard]] Result<void> read_runs(std::string_view value, std::vector<std::uint16_t>& out);

}  // namespace sluice
