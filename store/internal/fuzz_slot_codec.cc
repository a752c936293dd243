// Any bytes as an index value: what is read is in order and within a block, and reads back the same when written again.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/base/check.h"
#include "store/internal/slot_codec.h"

namespace {

void check_postings(std::string_view value) {
  std::vector<sluice::PostingHit> hits;
  if (!sluice::read_postings(value, 7, hits)) return;
  SLUICE_CHECK(!hits.empty() && hits.size() <= value.size() && hits.front().at.block == 7);
  const auto mark = [](const sluice::PostingHit& hit) { return hit.at.slot * 2u + (hit.parent ? 1u : 0u); };
  std::string written;
  sluice::PostingListEncoder list(written, 7, mark(hits.front()));
  for (std::size_t i = 1; i < hits.size(); ++i) {
    const bool later = hits[i].at.block > hits[i - 1].at.block;
    SLUICE_CHECK(later || (hits[i].at.block == hits[i - 1].at.block && mark(hits[i]) > mark(hits[i - 1])));
    list.add(hits[i].at.block, mark(hits[i]));
  }
  SLUICE_CHECK(written.size() <= value.size());
  std::vector<sluice::PostingHit> again;
  SLUICE_CHECK(sluice::read_postings(written, 7, again).ok() && again.size() == hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    SLUICE_CHECK(again[i].at == hits[i].at && again[i].parent == hits[i].parent);
}

void check_runs(std::string_view value) {
  std::vector<std::uint16_t> slots;
  if (!sluice::read_runs(value, slots)) return;
  for (std::size_t i = 1; i < slots.size(); ++i) SLUICE_CHECK(slots[i - 1] < slots[i]);
  std::string written;
  sluice::append_runs(written, slots);
  SLUICE_CHECK(written.size() <= value.size());
  std::vector<std::uint16_t> again;
  SLUICE_CHECK(sluice::read_runs(written, again).ok() && again == slots);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A heap copy of the exact size: the sanitizer sees one byte too far.
  const auto bytes = std::make_unique<char[]>(size);
  if (size != 0) std::memcpy(bytes.get(), data, size);
  check_postings({bytes.get(), size});
  check_runs({bytes.get(), size});
  return 0;
}
