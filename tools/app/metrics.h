#pragma once

#include <string>

#include "engine/ingest/ingest_engine.h"
#include "engine/read/score_reader.h"
#include "store/store.h"

namespace sluice {

/// Prometheus text of the engine, the store, the read pool and the process.
[[nodiscard]] std::string metrics_text(const EngineMetrics& engine, const StoreMetrics& store, const ReadPool& reads);

}  // namespace sluice
