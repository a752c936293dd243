#include "store/log_scan.h"

#include <optional>
#include <stdexcept>

#include "store/internal/log_check.h"

namespace sluice {

void scan_log(const std::string& path, Catalogue& catalogue, const std::function<void(const BlockView&)>& visit) {
  Database log;
  const rocksdb::Status status = open_log_read_only(path, false, log);
  if (!status.ok()) throw std::runtime_error("cannot open the log " + path + ": " + status.ToString());
  Verification found;
  check_log(log, 0, catalogue, visit, found);
  if (!found.problems.empty()) throw std::runtime_error(found.problems.front().what);
}

}  // namespace sluice
