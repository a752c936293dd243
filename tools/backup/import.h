#pragma once

#include <cstdint>
#include <string>

/// `sluice import`: streams NDJSON to POST /v1/scores of a server, in bounded batches, one after the other. Refusals
/// for overload and broken connections are retried; repeats are harmless, since every batch carries an Idempotency-Key
/// made of its content and place. A line {"label":{…}} makes a label unless one of that name and type exists. Bad lines
/// are named on stderr and cost nothing but themselves. Failures throw std::runtime_error that says which line to go on
/// from. Main thread.

namespace sluice {

struct ImportOptions {
  std::string file = "-";  ///< "-": standard input.
  std::string url = "http://127.0.0.1:8420";
  std::string ca_file;  ///< For https: PEM with the authorities to trust; empty: the system's.
  std::string key;
  std::size_t batch = 1000;  ///< Lines per request.
  std::uint64_t from_line = 1;
  bool dry_run = false;
};

struct ImportCounts {
  std::uint64_t stored = 0;  ///< Of a dry run: good.
  std::uint64_t refused = 0;
  std::uint64_t labels_made = 0;
};

[[nodiscard]] ImportCounts import_scores(const ImportOptions& options);

}  // namespace sluice
