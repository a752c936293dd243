#pragma once

#include <string>
#include <string_view>

#include "engine/read/read_request.h"

/// Where a listing goes on: opaque text that only fits the query it came from. It names a position, which sealing and
/// compaction never move.
/// Bytes, in base64url without padding: version 1, one byte ‖ block, u64 ‖ slot, u16 ‖ keyed hash of these and of the
/// query (workspace, kind, subject, filter, order), u64; all big endian.

namespace sluice {

[[nodiscard]] std::string encode_cursor(const KeyedHash& keys, const ScoreQuery& query, Position at);
/// {0,0} for a query without a cursor. Errors: bad_cursor.
[[nodiscard]] Result<Position> decode_cursor(const KeyedHash& keys, const ScoreQuery& query);

}  // namespace sluice
