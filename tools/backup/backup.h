#pragma once

#include <string>

#include "store/verify.h"
#include "tools/app/settings.h"

/// `sluice backup`, `restore` and `verify`. A backup is a directory of its own:
///   FORMAT, secret      as in the data directory
///   log/                a checkpoint of the log; its tables are hard links where the file system allows
///   ACKED               the commit that the log must hold at least
///   SHA256SUMS          every file above; written last, so that a directory with it is complete
/// There is no index in it: it is made anew from the log. Settings and certificates lie outside the data directory and
/// are the operator's to keep. Failures throw std::runtime_error with the reason and the next step. Main thread.

namespace sluice {

struct BackupResult {
  Verification verified;
  bool linked = false;  ///< Shares its tables with the data directory.
  std::uint64_t bytes = 0;
};

/// Online through admin.sock when a server runs on the directory, else through a private instance. `target` must not
/// exist or be empty; after a failure nothing is left there.
[[nodiscard]] BackupResult make_backup(const Settings& settings, const std::string& target);
/// Copies the backup to settings.data, which must not exist or be empty, comparing every file with its sum on the way,
/// makes the index anew and verifies everything.
[[nodiscard]] Verification restore_backup(const std::string& backup, const Settings& settings);
/// A backup: the sums and the log.
[[nodiscard]] Verification verify_backup(const std::string& backup);

}  // namespace sluice
