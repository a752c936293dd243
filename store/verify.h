#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "store/data_dir.h"
#include "store/store.h"

/// Reads everything that a directory keeps and says what is wrong with it. Nothing but LOCK is written. Main thread, no
/// server on the directory; as long as reading all of it takes.

namespace sluice {

struct LogCounts {
  std::uint64_t commits = 0;  ///< Commit sequence of the newest group.
  std::uint64_t acked = 0;    ///< What ACKED says.
  std::uint64_t blocks = 0;
  std::uint64_t sets = 0, patches = 0, erases = 0, sources = 0, emptied = 0;  ///< Rows, by event.
  std::uint64_t workspaces = 0, annotators = 0, keys = 0, labels = 0;
  std::uint64_t kept_answers = 0;  ///< Of Idempotency-Keys.
};

struct IndexCounts {
  std::uint64_t indexed_block = 0;
  std::uint64_t segments = 0;
  std::uint64_t by_source = 0, by_annotator = 0, by_workspace = 0, by_client_id = 0;  ///< Entries.
};

/// One thing that is wrong and what the operator does about it.
struct Problem {
  std::string what;
  std::string next_step;
};

struct Verification {
  LogCounts log;
  std::optional<IndexCounts> index;
  std::vector<Problem> problems;    ///< At most kProblems; empty: everything is as it has to be.
  std::uint64_t more_problems = 0;  ///< Found and not listed.
  std::vector<std::string> notes;   ///< Not wrong, but worth knowing.

  static constexpr std::size_t kProblems = 50;
  void add(std::string what, std::string next_step);
};

/// A data directory. Log: checksums of every file and block, blocks without a gap, times that grow, rows that can be
/// read and refer to what the catalogue has, nothing acknowledged missing (ACKED). Index: checksums, and for every
/// block it covers exactly the entries that the log gives.
[[nodiscard]] Verification verify_data(const DataDir& directory);
/// A copy of a log that nobody writes: `directory`/log with `directory`/ACKED, as a backup has them. No lock is taken.
[[nodiscard]] Verification verify_log_copy(const std::string& directory);

/// Removes the index and makes it anew from the log. Throws std::runtime_error with the reason and the next step.
void rebuild_index(const DataDir& directory, const StoreOptions& options);

/// Notes in `directory`/ACKED that commits up to this one must be in the log.
void write_acked(const std::string& directory, std::uint64_t commit_sequence);

}  // namespace sluice
