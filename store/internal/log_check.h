#pragma once

#include <functional>

#include "engine/model/row.h"
#include "store/internal/databases.h"
#include "store/verify.h"

/// The parts of verify_data(). Findings go into the Verification; nothing throws but for a lack of memory.

namespace sluice {

/// Checksums of every table of `database`. `next_step` is for what is damaged.
void check_files(Database& database, const std::string& next_step, Verification& out);
/// Every record of the catalogue, loaded into `catalogue`, and every block, in order; `block` gets those that are good.
void check_log(Database& log, std::uint64_t acked, Catalogue& catalogue,
               const std::function<void(const BlockView&)>& block, Verification& out);

inline constexpr char kRestoreStep[] =
    "check the disk (dmesg, SMART), then put the newest backup back with `sluice restore`; nothing else has the scores";
inline constexpr char kRebuildStep[] =
    "run `sluice verify --rebuild-index`: the index is made anew from the log, nothing is lost";

}  // namespace sluice
