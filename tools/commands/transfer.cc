#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <unistd.h>

#include "tools/backup/checkpoint_copy.h"
#include "tools/backup/export.h"
#include "tools/backup/import.h"
#include "tools/commands/admin.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

struct ExportFlags {
  ExportOptions options;
  std::string output = "-";
  bool events = false;
};

int export_command(const Settings& settings, const ExportFlags& flags) {
  require_data_directory(settings.data);
  const bool to_file = flags.output != "-";
  std::FILE* const out = to_file ? std::fopen(flags.output.c_str(), "wx") : stdout;
  if (out == nullptr) throw std::runtime_error("cannot make " + flags.output + ": " + std::strerror(errno));
  ExportCounts counts;
  try {
    with_admin(settings, [&](HttpClient& client) {
      counts = flags.events ? export_events(client, settings, flags.options, out)
                            : export_scores(client, flags.options, out);
      return 0;
    });
    const bool written = std::fflush(out) == 0 && std::ferror(out) == 0;
    if (!written || (to_file && ::fsync(::fileno(out)) != 0))
      throw std::runtime_error("cannot write " + flags.output + ": " + std::strerror(errno));
  } catch (...) {
    if (to_file) std::remove(flags.output.c_str());  // Half an export must not pass for one.
    throw;
  }
  if (to_file) std::fclose(out);
  std::fprintf(stderr, "%llu labels, %llu %s\n", static_cast<unsigned long long>(counts.labels),
               static_cast<unsigned long long>(counts.scores), flags.events ? "events" : "scores");
  return 0;
}

int import_command(ImportOptions options) {
  options.key = given_secret(options.key);
  const ImportCounts counts = import_scores(options);
  std::printf("%llu scores %s, %llu lines refused, %llu labels made\n", static_cast<unsigned long long>(counts.stored),
              options.dry_run ? "are good" : "stored", static_cast<unsigned long long>(counts.refused),
              static_cast<unsigned long long>(counts.labels_made));
  return counts.refused == 0 ? 0 : 1;
}

}  // namespace

void add_export_command(CLI::App& app, Command& run) {
  CLI::App* const command = app.add_subcommand("export", "A workspace's scores as NDJSON (server running or not)");
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();
  auto flags = std::make_shared<ExportFlags>();
  add_settings_options(*command, loader, file);
  command->add_option("--workspace", flags->options.workspace, "Workspace [default]");
  command->add_option("--annotator", flags->options.annotator, "Only the scores of the annotator with this UUID");
  command->add_option("--output", flags->output, "File to make [standard output]");
  command->add_flag("--events", flags->events, "Every event with its time and annotator, for reading; not for import");
  command->callback([&run, loader, file, flags] {
    run = [loader, file, flags] { return export_command(resolve_settings(*loader, *file), *flags); };
  });
}

void add_import_command(CLI::App& app, Command& run) {
  CLI::App* const command = app.add_subcommand("import", "Send NDJSON scores to a server");
  auto options = std::make_shared<ImportOptions>();
  command->add_option("file", options->file, "NDJSON [standard input]");
  command->add_option("--url", options->url, "The server, http:// or https:// [http://127.0.0.1:8420]");
  command->add_option("--ca-file", options->ca_file,
                      "For https: PEM with the authorities to trust [the system's]")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--key", options->key,
                   "ID.SECRET, or @FILE that holds it; scopes ingest, and for labels read, manage")
      ->envname("SLUICE_KEY")
      ->required();
  command->add_option("--batch", options->batch, "Lines per request, 1 to 1000 [1000]")->check(CLI::Range(1, 1000));
  command->add_option("--from-line", options->from_line, "Skip the lines before this one [1]");
  command->add_flag("--dry-run", options->dry_run, "Check everything, store nothing");
  command->callback([&run, options] { run = [options] { return import_command(*options); }; });
}

}  // namespace sluice
