#include "tools/backup/backup.h"

#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "tools/backup/file_tree.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

using Number = unsigned long long;

void print_counts(const Verification& result) {
  const LogCounts& log = result.log;
  std::printf("  log      %llu commits (%llu acknowledged), %llu blocks\n", Number{log.commits}, Number{log.acked},
              Number{log.blocks});
  std::printf("  events   %llu set, %llu patch, %llu delete, %llu source, %llu emptied\n", Number{log.sets},
              Number{log.patches}, Number{log.erases}, Number{log.sources}, Number{log.emptied});
  std::printf("  records  %llu workspaces, %llu annotators, %llu keys, %llu labels, %llu kept answers\n",
              Number{log.workspaces}, Number{log.annotators}, Number{log.keys}, Number{log.labels},
              Number{log.kept_answers});
  if (result.index) {
    const IndexCounts& index = *result.index;
    std::printf(
        "  index    to block %llu in %llu segments; %llu entries by source, %llu by annotator, %llu by workspace, "
        "%llu by client id\n",
        Number{index.indexed_block}, Number{index.segments}, Number{index.by_source}, Number{index.by_annotator},
        Number{index.by_workspace}, Number{index.by_client_id});
  }
  for (const std::string& note : result.notes) std::printf("  note     %s\n", note.c_str());
}

int print_verdict(const std::string& path, const Verification& result) {
  print_counts(result);
  if (result.problems.empty()) {
    std::printf("%s is whole\n", path.c_str());
    return 0;
  }
  std::fflush(stdout);
  for (const Problem& problem : result.problems)
    std::fprintf(stderr, "sluice: %s\n  Next: %s\n", problem.what.c_str(), problem.next_step.c_str());
  if (result.more_problems != 0) std::fprintf(stderr, "sluice: and %llu more\n", Number{result.more_problems});
  return 1;
}

int backup(const Settings& settings, const std::string& target) {
  const BackupResult result = make_backup(settings, target);
  print_counts(result.verified);
  std::printf("%s holds every score acknowledged before this command began, verified; %llu bytes\n", target.c_str(),
              Number{result.bytes});
  if (result.linked)
    std::puts(
        "its tables are hard links to those of the data directory: copy it to another disk to survive the loss of "
        "this one");
  return 0;
}

int restore(const Settings& settings, const std::string& from) {
  const Verification result = restore_backup(from, settings);
  print_counts(result);
  std::printf("%s is restored and whole; start it with: sluice serve --data %s\n", settings.data.c_str(),
              settings.data.c_str());
  return 0;
}

struct VerifyOptions {
  std::string path;
  bool rebuild_index = false;
};

int verify(const Settings& settings, const VerifyOptions& options) {
  const std::string path = options.path.empty() ? settings.data : options.path;
  if (has_sums(path)) {
    if (options.rebuild_index) throw std::runtime_error(path + " is a backup, and a backup has no index");
    return print_verdict(path, verify_backup(path));
  }
  if (!std::filesystem::exists(path + "/FORMAT") && !std::filesystem::exists(path + "/log"))
    throw std::runtime_error(path + " is neither a data directory of Sluice nor a backup");
  if (DataDir::is_locked(path))
    throw std::runtime_error("a server is running on " + path +
                             ": verify reads a directory at rest. Next: `sluice backup` verifies what it copies while "
                             "the server runs; or stop the server first");
  const DataDir directory(path);
  if (!options.rebuild_index) return print_verdict(path, verify_data(directory));
  // The index can only be as good as the log it is made from.
  const Verification log = verify_log_copy(path);
  if (!log.problems.empty()) return print_verdict(path, log);
  StoreOptions store;
  store.memory_bytes = settings.memory_bytes / 2;
  rebuild_index(directory, store);
  std::puts("the index was made anew from the log");
  return print_verdict(path, verify_data(directory));
}

/// A subcommand that takes settings and one path.
CLI::App* add(CLI::App& app, Command& run, const char* name, const char* help,
              std::function<int(const Settings&)> action) {
  CLI::App* const command = app.add_subcommand(name, help);
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();
  add_settings_options(*command, loader, file);
  command->callback([&run, loader, file, action = std::move(action)] {
    run = [loader, file, action] { return action(resolve_settings(*loader, *file)); };
  });
  return command;
}

}  // namespace

void add_backup_command(CLI::App& app, Command& run) {
  auto target = std::make_shared<std::string>();
  CLI::App* const command =
      add(app, run, "backup", "Copy everything to a new directory, verified (server running or not)",
          [target](const Settings& settings) { return backup(settings, *target); });
  command->add_option("directory", *target, "Where to; must not exist, or be empty")->required();
}

void add_restore_command(CLI::App& app, Command& run) {
  auto from = std::make_shared<std::string>();
  CLI::App* const command = add(app, run, "restore", "Make a new data directory (--data) from a backup, verified",
                                [from](const Settings& settings) { return restore(settings, *from); });
  command->add_option("backup", *from, "What `sluice backup` made")->required();
}

void add_verify_command(CLI::App& app, Command& run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* const command =
      add(app, run, "verify", "Read everything in a data directory at rest, or a backup, and say what is wrong",
          [options](const Settings& settings) { return verify(settings, *options); });
  command->add_option("directory", options->path, "A backup or a data directory [--data]");
  command->add_flag("--rebuild-index", options->rebuild_index, "Make the index anew from the log, then verify");
}

}  // namespace sluice
