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

/// by_source, by_client_id: one varint per slot, (difference to the slot before) × 2 + parent flag. `marks` are
/// slot × 2 + parent, ascending.
void append_marks(std::string& out, std::span<const std::uint32_t> marks);
/// Appends the hits of `block`, slots ascending.
[[nodiscard]] Result<void> read_marks(std::string_view value, std::uint64_t block, std::vector<PostingHit>& out);

/// by_annotator, by_workspace: runs of consecutive slots. One varint per run, (gap to the run before) × 2 + (longer
/// than one), and for the longer ones a second: length - 2. A block of one owner is one run.
void append_runs(std::string& out, std::span<const std::uint16_t> slots);
/// Appends the slots, ascending.
[[nodiscard]] Result<void> read_runs(std::string_view value, std::vector<std::uint16_t>& out);

}  // namespace sluice
