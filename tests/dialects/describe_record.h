#pragma once

#include <string>

#include "engine/ingest/batch.h"

/// Canonical records in one line each, for people to review.

namespace sluice::cases {

/// "record 0 trace:t1 label_id=… value=number 0.5 notes=…": only what is set.
[[nodiscard]] std::string describe_record(const ScoreRecord& record);

}  // namespace sluice::cases
