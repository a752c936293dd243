#include <csignal>
#include <cstdio>
#include <exception>

#include "tools/app/process.h"
#include "tools/commands/commands.h"
#include "tools/load/load_command.h"

/// The one binary. Start-up errors are exceptions, caught here once; nothing throws after a server has started.
int main(int argc, char** argv) {
#if defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2")) {
    std::fputs("sluice: this binary needs a processor with AVX2; build with -DSLUICE_MARCH= for older ones\n", stderr);
    return sluice::kExitUnavailable;
  }
#endif
  std::signal(SIGPIPE, SIG_IGN);  // Whoever writes to a peer that is gone is told so by the call.
  CLI::App app("Sluice: durable ingestion of evaluation scores");
  app.require_subcommand(1);
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  sluice::Command run;
  sluice::add_serve_command(app, run);
  sluice::add_load_command(app, run);
  sluice::add_keys_command(app, run);
  sluice::add_labels_command(app, run);
  sluice::add_backup_command(app, run);
  sluice::add_restore_command(app, run);
  sluice::add_verify_command(app, run);
  sluice::add_export_command(app, run);
  sluice::add_import_command(app, run);
  sluice::add_config_command(app, run);
  sluice::add_version_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : sluice::kExitUsage;
  }
  // They hold a key and have no settings; for the others resolve_settings() does this.
  if (app.got_subcommand("load") || app.got_subcommand("import")) sluice::keep_memory_private();
  sluice::hide_arguments(argc, argv, {"--key", "--bootstrap-key"});  // CLI11 has made its copies.
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return 1;
  }
}
