#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tools/commands/admin.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

struct LabelOptions {
  std::string workspace = "default";
  std::string id;
  std::string name, type, settings, description;
  bool allow_notes = false;
  bool json = false;
};

nlohmann::json parsed_settings(const std::string& text) {
  auto settings = nlohmann::json::parse(text, nullptr, false);
  if (!settings.is_object()) throw std::runtime_error("--settings is not a JSON object");
  return settings;
}

std::string target(const LabelOptions& options, const std::string& path) {
  return path + "?workspace=" + percent_encode(options.workspace);
}

int create(HttpClient& client, const LabelOptions& options) {
  nlohmann::json body = {{"name", options.name}, {"type", options.type}};
  if (!options.settings.empty()) body["settings"] = parsed_settings(options.settings);
  if (!options.description.empty()) body["description"] = options.description;
  if (options.allow_notes) body["allow_notes"] = true;
  print_answer(client.request("POST", target(options, "/v1/labels"), body.dump()), options.json);
  return 0;
}

int list(HttpClient& client, const LabelOptions& options) {
  print_answer(client.request("GET", target(options, "/v1/labels")), options.json);
  return 0;
}

int get(HttpClient& client, const LabelOptions& options) {
  print_answer(client.request("GET", target(options, "/v1/labels/" + percent_encode(options.id))), options.json);
  return 0;
}

int update(HttpClient& client, const LabelOptions& options) {
  nlohmann::json body = nlohmann::json::object();
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.settings.empty()) body["settings"] = parsed_settings(options.settings);
  if (!options.description.empty()) body["description"] = options.description;
  if (options.allow_notes) body["allow_notes"] = true;
  print_answer(client.request("PATCH", target(options, "/v1/labels/" + percent_encode(options.id)), body.dump()),
               options.json);
  return 0;
}

int archive(HttpClient& client, const LabelOptions& options) {
  print_answer(client.request("DELETE", target(options, "/v1/labels/" + percent_encode(options.id))), options.json);
  return 0;
}

int restore(HttpClient& client, const LabelOptions& options) {
  print_answer(client.request("POST", target(options, "/v1/labels/" + percent_encode(options.id) + "/restore")),
               options.json);
  return 0;
}

}  // namespace

void add_labels_command(CLI::App& app, Command& run) {
  CLI::App* const labels =
      app.add_subcommand("labels", "Create, list, change and archive labels (server running or not)");
  labels->require_subcommand(1);
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();
  auto options = std::make_shared<LabelOptions>();

  const auto add = [&](const char* name, const char* help, int (*action)(HttpClient&, const LabelOptions&)) {
    CLI::App* const command = labels->add_subcommand(name, help);
    add_settings_options(*command, loader, file);
    command->add_option("--workspace", options->workspace, "Workspace [default]");
    command->add_flag("--json", options->json, "Print the server's answer as it is");
    command->callback([&run, loader, file, options, action] {
      run = [loader, file, options, action] {
        return with_admin(resolve_settings(*loader, *file),
                          [&](HttpClient& client) { return action(client, *options); });
      };
    });
    return command;
  };
  const auto add_fields = [&](CLI::App* command) {
    command->add_option("--settings", options->settings,
                        "JSON object, e.g. '{\"min\":0,\"max\":1,\"step_size\":0.1,\"display_type\":\"slider\"}'");
    command->add_option("--description", options->description, "For people");
    command->add_flag("--allow-notes", options->allow_notes, "Scores under this label may carry notes");
  };
  const auto add_id = [&](CLI::App* command) {
    command->add_option("id", options->id, "The label's UUID")->required();
  };

  CLI::App* const create_command = add("create", "Define a label", create);
  create_command->add_option("name", options->name, "Name")->required();
  create_command->add_option("--type", options->type, "text, categorical, numeric, star or thumbs_up_down")->required();
  add_fields(create_command);
  add("list", "All labels of a workspace", list);
  add_id(add("get", "One label", get));
  CLI::App* const update_command = add("update", "Change a label; its type never changes", update);
  add_id(update_command);
  update_command->add_option("--name", options->name, "New name");
  add_fields(update_command);
  add_id(add("archive", "Refuse new scores under a label; its scores stay", archive));
  add_id(add("restore", "Take scores again", restore));
}

}  // namespace sluice
