#include <cstdio>

#include "tools/app/app.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

const char* origin_name(SettingOrigin origin) {
  switch (origin) {
    case SettingOrigin::by_default: return "default";
    case SettingOrigin::file: return "file";
    case SettingOrigin::environment: return "environment";
    case SettingOrigin::flag: return "flag";
  }
  return "";
}

int print_settings(SettingsLoader& loader, const std::string& file) {
  const Settings settings = resolve_settings(loader, file);
  (void)settings;  // Resolved for its checks; what is printed is the text of each value.
  for (const SettingValue& value : loader.values()) {
    const bool hidden = value.secret && !value.text.empty();
    std::printf("%-20s = %-24s # %s: %s\n", value.name.c_str(), hidden ? "***" : ("\"" + value.text + "\"").c_str(),
                origin_name(value.origin), value.help.c_str());
  }
  return 0;
}

int check(SettingsLoader& loader, const std::string& file) {
  try {
    (void)resolve_settings(loader, file);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kExitConfig;
  }
  std::printf("%s: no errors\n", file.c_str());
  return 0;
}

}  // namespace

void add_config_command(CLI::App& app, Command& run) {
  CLI::App* const config = app.add_subcommand("config", "Check or show settings");
  config->require_subcommand(1);
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();

  CLI::App* const print_command = config->add_subcommand("print", "The effective settings and where each comes from");
  add_settings_options(*print_command, loader, file);
  print_command->callback([&run, loader, file] { run = [loader, file] { return print_settings(*loader, *file); }; });

  CLI::App* const check_command = config->add_subcommand("check", "Check a TOML file; exit code 78 when it is wrong");
  check_command->add_option("file", *file, "TOML file")->required();
  check_command->callback([&run, loader, file] { run = [loader, file] { return check(*loader, *file); }; });
}

void add_version_command(CLI::App& app, Command& run) {
  CLI::App* const command = app.add_subcommand("version", "Version, compiler and libraries as JSON");
  command->callback([&run] {
    run = [] {
      std::puts(version_json().c_str());
      return 0;
    };
  });
}

}  // namespace sluice
