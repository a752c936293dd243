#include "store/internal/slot_codec.h"

#include "engine/base/bytes.h"

namespace sluice {
namespace {

constexpr std::uint64_t kSlotsMax = 0x10000;
constexpr Error kCorrupt{Errc::corrupt, 0, "index value"};

}  // namespace

PostingListEncoder::PostingListEncoder(std::string& out, std::uint64_t first_block, std::uint32_t first_mark)
    : out_(out), block_(first_block), mark_(first_mark) {
  out_.clear();
  put_varint(out_, first_mark);
}

void PostingListEncoder::add(std::uint64_t block, std::uint32_t mark) {
  put_varint(out_, block - block_);
  put_varint(out_, block == block_ ? mark - mark_ : mark);
  block_ = block;
  mark_ = mark;
}

Result<void> read_postings(std::string_view value, std::uint64_t first_block, std::vector<PostingHit>& out) {
  Reader reader(value);
  std::uint64_t block = first_block;
  std::uint64_t mark = reader.varint();
  for (;;) {
    if (reader.failed() || (mark >> 1) >= kSlotsMax) return kCorrupt;
    out.push_back({{block, static_cast<std::uint16_t>(mark >> 1)}, (mark & 1) != 0});
    if (reader.at_end()) return {};
    const std::uint64_t blocks = reader.varint();
    const std::uint64_t next = reader.varint();
    if (block + blocks < block || next > 2 * kSlotsMax || (blocks == 0 && next == 0)) return kCorrupt;
    mark = blocks == 0 ? mark + next : next;
    block += blocks;
  }
}

void append_runs(std::string& out, std::span<const std::uint16_t> slots) {
  std::uint32_t end = 0;  // First slot after the run before.
  for (std::size_t at = 0; at < slots.size();) {
    std::size_t length = 1;
    while (at + length < slots.size() && slots[at + length] == slots[at] + length) ++length;
    put_varint(out, (slots[at] - end) * 2u + (length > 1 ? 1u : 0u));
    if (length > 1) put_varint(out, length - 2);
    end = static_cast<std::uint32_t>(slots[at] + length);
    at += length;
  }
}

Result<void> read_runs(std::string_view value, std::vector<std::uint16_t>& out) {
  Reader reader(value);
  std::uint64_t end = 0;
  while (!reader.at_end()) {
    const std::uint64_t head = reader.varint();
    const std::uint64_t more = (head & 1) != 0 ? reader.varint() : 0;
    if (reader.failed() || (head >> 1) >= kSlotsMax || more >= kSlotsMax) return kCorrupt;
    const std::uint64_t longer = (head & 1) != 0 ? more + 1 : 0;
    const std::uint64_t first = end + (head >> 1);
    if (first + longer >= kSlotsMax) return kCorrupt;
    end = first + longer + 1;
    for (std::uint64_t slot = first; slot < end; ++slot) out.push_back(static_cast<std::uint16_t>(slot));
  }
  return {};
}

}  // namespace sluice
