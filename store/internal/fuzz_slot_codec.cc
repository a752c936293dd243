// Any bytes as an index value: what is read is in order and within a block, and reads back the same when written again.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/base/check.h"
#include "store/internal/slot_codec.h"

namespace {

void check_marks(std::string_view value) {
  std::vector<sluice::PostingHit> hits;
  if (!sluice::read_marks(value, 7, hits)) return;
  SLUICE_CHECK(hits.size() <= value.size());
  std::vector<std::uint32_t> marks;
  for (const sluice::PostingHit& hit : hits) {
    SLUICE_CHECK(hit.at.block == 7 && (marks.empty() || hit.at.slot >= marks.back() >> 1));
    marks.push_back(std::uint32_t{hit.at.slot} * 2 + (hit.parent ? 1 : 0));
  }
  std::string written;
  sluice::append_marks(written, marks);
  std::vector<sluice::PostingHit> again;
  SLUICE_CHECK(sluice::read_marks(written, 7, again).ok() && again.size() == hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    SLUICE_CHECK(again[i].at.slot == hits[i].at.slot && again[i].parent == hits[i].parent);
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
  check_marks({bytes.get(), size});
  check_runs({bytes.get(), size});
  return 0;
}
