#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/model/row.h"
#include "engine/ports/record_reader.h"

/// A score as reads show it: the events of one identity folded in commit order. Texts are borrowed from the page that
/// holds it (its blocks and arena).

namespace sluice {

struct OlderValue {
  Value value;
  std::string_view verdict;
  WallTime written_at = 0;  ///< When that older value was last written.
};

struct Score {
  Uuid id;
  Row row;                    ///< The newest state: fields of the newest set, patched.
  std::uint32_t generation = 0;
  TargetIdentity identity;    ///< What a patch or erase of this score must carry.
  Position first;             ///< Its first live event (the set that made this generation).
  Position last;              ///< Its newest event.
  WallTime created_at = 0;    ///< first's insert time.
  WallTime updated_at = 0;    ///< Of the newest event that changed anything.
  std::vector<OlderValue> history;  ///< Oldest first.
  bool erased = false;        ///< Only where a query asks for erased scores too.
};

/// A page of scores and what keeps their texts alive. Reusable.
class Page {
 public:
  void reset() noexcept;
  std::vector<Score> scores;
  std::string next_cursor;             ///< Empty: no more.
  std::vector<BlockRef> blocks;        ///< Pinned.
  Arena arena;
};

}  // namespace sluice
