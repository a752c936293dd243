#include "tools/backup/backup.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "store/data_dir.h"
#include "tools/backup/checkpoint_copy.h"
#include "tools/backup/file_tree.h"
#include "tools/commands/admin.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

void refuse_problems(const Verification& result, const std::string& what) {
  if (result.problems.empty()) return;
  const Problem& first = result.problems.front();
  throw std::runtime_error(what + ": " + first.what + ".\n  Next: " + first.next_step);
}

std::uint64_t size_of(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const std::string& path : list_files(directory)) bytes += fs::file_size(directory + "/" + path);
  return bytes;
}

}  // namespace

BackupResult make_backup(const Settings& settings, const std::string& target) {
  std::string data = settings.data;
  while (data.size() > 1 && data.back() == '/') data.pop_back();
  require_data_directory(data);
  make_empty_directory(target, "a directory for the backup");
  Unfinished unfinished(target);

  BackupResult result;
  std::optional<CheckpointCopy> copy;
  with_admin(settings, [&](HttpClient& client) {
    copy.emplace(client, data);
    return 0;
  });
  const bool renamed = move_directory(copy->path(), target + "/log");
  for (const char* const file : {"FORMAT", "secret"}) (void)copy_file_durably(data + "/" + file, target + "/" + file);
  result.verified = verify_log_copy(target);
  refuse_problems(result.verified, "the copy of the log is not whole, so there is no backup");
  if (result.verified.log.commits < copy->commits())
    throw std::runtime_error("the copy of the log ends at commit " + std::to_string(result.verified.log.commits) +
                             ", before commit " + std::to_string(copy->commits()) +
                             ", which was acknowledged when it began: there is no backup; check the disk");
  write_acked(target, result.verified.log.commits);
  result.verified.log.acked = result.verified.log.commits;
  sync_directories(target);
  std::vector<FileSum> sums;
  for (std::string& path : list_files(target)) {
    std::error_code ignored;
    result.linked = result.linked || (renamed && fs::hard_link_count(target + "/" + path, ignored) > 1);
    std::string sum = sha256_of(target + "/" + path);
    sums.push_back({std::move(path), std::move(sum)});
  }
  write_sums(target, sums);
  unfinished.keep();
  result.bytes = size_of(target);
  return result;
}

Verification verify_backup(const std::string& backup) {
  Verification out;
  const std::vector<FileSum> sums = read_sums(backup);
  const std::string step = "take another copy of this backup, or another backup";
  std::vector<std::string> files = list_files(backup);
  for (const FileSum& sum : sums) {
    const auto found = std::lower_bound(files.begin(), files.end(), sum.path);
    if (found == files.end() || *found != sum.path) {
      out.add("the file " + backup + "/" + sum.path + " is missing", step);
      continue;
    }
    files.erase(found);
    if (sha256_of(backup + "/" + sum.path) != sum.sha256)
      out.add("the file " + backup + "/" + sum.path + " is damaged: its SHA-256 is not that of " + kSumsFile, step);
  }
  for (const std::string& path : files)
    out.add("the file " + backup + "/" + path + " is not of this backup", "move it away; what put it there?");
  const Verification log = verify_log_copy(backup);
  out.log = log.log;
  for (const Problem& problem : log.problems) out.add(problem.what, step);
  return out;
}

Verification restore_backup(const std::string& backup, const Settings& settings) {
  const std::vector<FileSum> sums = read_sums(backup);
  const std::string& target = settings.data;
  make_empty_directory(target, "a data directory with --data");
  Unfinished unfinished(target);
  fs::create_directories(target + "/log");
  // FORMAT last: a directory with log/ and without it is not started by accident.
  std::vector<FileSum> order = sums;
  std::stable_partition(order.begin(), order.end(), [](const FileSum& sum) { return sum.path != "FORMAT"; });
  for (const FileSum& sum : order) {
    const std::string to = target + "/" + sum.path;
    fs::create_directories(fs::path(to).parent_path());
    if (copy_file_durably(backup + "/" + sum.path, to) != sum.sha256)
      throw std::runtime_error("the file " + backup + "/" + sum.path + " is damaged: its SHA-256 is not that of " +
                               kSumsFile + ". Nothing was restored; take another copy of this backup, or another one");
  }
  sync_directories(target);
  const DataDir directory(target);
  StoreOptions options;
  options.memory_bytes = settings.memory_bytes / 2;
  rebuild_index(directory, options);
  Verification result = verify_data(directory);
  refuse_problems(result, "what was restored is not whole");
  unfinished.keep();
  return result;
}

}  // namespace sluice
