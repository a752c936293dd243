// Any bytes as a block: with and without a checksum that fits, every row and posting is read.

#include <cstring>
#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/model/row.h"

namespace {

void read_all(const sluice::BlockView& view) {
  sluice::Row row;
  sluice::RowScratch scratch;
  std::size_t seen = 0;
  for (std::uint16_t slot = 0; slot < view.rows(); ++slot) {
    if (!view.row(slot, row, scratch)) continue;
    // Touch what the row borrows, so that a view past the end is noticed.
    for (const std::string_view text : {row.source.id, row.source.type_text, row.parent.id, row.value.text, row.verdict,
                                        row.notes, row.score_source, row.client_id, row.queue_item, row.metadata})
      for (const char c : text) seen += static_cast<unsigned char>(c);
    for (const std::string_view option : row.value.selection) seen += option.size();
    const sluice::IdentityKey key = sluice::identity_of(row, {view.sequence(), slot}, 1);
    if (!(key == key)) __builtin_trap();
  }
  volatile std::size_t sink = seen;
  (void)sink;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sluice::KeyedHash keys({});
  // A heap copy of the exact size: AddressSanitizer sees one byte too far.
  const auto bytes = std::make_unique<char[]>(size);
  if (size != 0) std::memcpy(bytes.get(), data, size);
  (void)sluice::BlockView::open({bytes.get(), size});
  if (const auto trusted = sluice::BlockView::open_trusted({bytes.get(), size}); trusted) {
    read_all(*trusted);
    sluice::BlockPostings postings;
    (void)trusted->postings(keys, postings);
  }
  if (size > 8) {
    const std::uint64_t sum = XXH3_64bits(bytes.get(), size - 8);
    std::memcpy(bytes.get() + size - 8, &sum, sizeof sum);
    if (const auto opened = sluice::BlockView::open({bytes.get(), size}); opened) read_all(*opened);
  }
  return 0;
}
