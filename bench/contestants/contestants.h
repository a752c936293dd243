#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/batch.h"
#include "tools/load/bodies.h"
#include "tools/load/plan.h"

/// What bench/e2e compares. Every contestant takes the same scores, planned by seed and request number, and reports how
/// many it took and the checksum of their sources, so that nobody wins by doing less. Results are one JSON object on
/// stdout.

namespace sluice::bench {

struct RunOptions {
  std::string data;  ///< Directory of this contestant's own.
  std::uint64_t seed = 1;
  std::uint64_t requests = 10'000;
  std::uint32_t batch = 100;
  std::uint32_t in_flight = 32;  ///< Requests under way at once: the connections of the HTTP contestants.
  std::uint16_t port = 0;
  double seconds = 2;
  std::size_t bytes = 256 * 1024;
  std::uint32_t every_ms = 0;  ///< Rest of the probe between two syncs.
};

[[nodiscard]] load::PlanOptions plan_options(const RunOptions& options);
/// The checksum's unit: order does not matter, multiplicity does.
[[nodiscard]] std::uint64_t source_sum(std::string_view source_id) noexcept;

/// CPU time used so far, seconds.
[[nodiscard]] double process_cpu_seconds();
[[nodiscard]] double thread_cpu_seconds();

/// One request's records with the texts they borrow; reused.
struct PlannedBatch {
  Batch batch;
  std::vector<std::string> texts;
};
/// The plan's labels with the rules the load tool gives them, so that checking a value costs the same everywhere.
[[nodiscard]] std::vector<Uuid> create_labels(Catalogue& catalogue, WorkspaceNumber workspace, const load::Plan& plan);
void fill(PlannedBatch& out, const load::Plan& plan, std::uint64_t request, const std::vector<Uuid>& labels);

int run_engine(const RunOptions& options);  ///< (b) engine and store without HTTP.
int run_rows(const RunOptions& options);    ///< (c) a row key and an annotator key per score.
int run_sink(const RunOptions& options);    ///< (d) receive and parse only; serves until SIGTERM.
int run_probe(const RunOptions& options);   ///< fdatasync percentiles of the disk.
int run_sum(const RunOptions& options);     ///< Count and checksum of what a stopped Sluice directory holds.

}  // namespace sluice::bench
