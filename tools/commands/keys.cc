#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tools/commands/admin.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

struct KeyOptions {
  std::string workspace = "default";
  std::string name;
  std::string annotator_name, annotator_email, annotator_id;
  std::vector<std::string> scopes = {"ingest", "read"};
  bool strict_sources = false;
  std::string rate_requests, rate_scores, rate_bytes;  ///< Empty: the server's.
  std::string key_id;
  bool json = false;
};

int create(const Settings& settings, const KeyOptions& options) {
  nlohmann::json annotator = nlohmann::json::object();
  if (!options.annotator_name.empty()) annotator["name"] = options.annotator_name;
  if (!options.annotator_email.empty()) annotator["email"] = options.annotator_email;
  if (!options.annotator_id.empty()) annotator["id"] = options.annotator_id;
  nlohmann::json body = {{"workspace", options.workspace}, {"scopes", options.scopes}, {"annotator", annotator}};
  if (!options.name.empty()) body["name"] = options.name;
  if (options.strict_sources) body["strict_sources"] = true;
  const std::pair<const char*, const std::string&> rates[] = {
      {"requests", options.rate_requests}, {"scores", options.rate_scores}, {"bytes", options.rate_bytes}};
  for (const auto& [kind, text] : rates) {
    if (text.empty()) continue;
    try {
      body["rates"][kind] = parse_bytes(text);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("--rate-" + std::string(kind) + ": " + error.what());
    }
  }
  return with_admin(settings, [&](HttpClient& client) {
    print_answer(client.request("POST", "/v1/keys", body.dump()), options.json);
    return 0;
  });
}

int list(const Settings& settings, const KeyOptions& options) {
  return with_admin(settings, [&](HttpClient& client) {
    print_answer(client.request("GET", "/v1/keys"), options.json);
    return 0;
  });
}

int revoke(const Settings& settings, const KeyOptions& options) {
  return with_admin(settings, [&](HttpClient& client) {
    print_answer(client.request("DELETE", "/v1/keys/" + percent_encode(options.key_id)), options.json);
    return 0;
  });
}

}  // namespace

void add_keys_command(CLI::App& app, Command& run) {
  CLI::App* const keys = app.add_subcommand("keys", "Create, list and revoke API keys (server running or not)");
  keys->require_subcommand(1);
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();
  auto options = std::make_shared<KeyOptions>();

  const auto add = [&](const char* name, const char* help, int (*action)(const Settings&, const KeyOptions&)) {
    CLI::App* const command = keys->add_subcommand(name, help);
    add_settings_options(*command, loader, file);
    command->add_flag("--json", options->json, "Print the server's answer as it is");
    command->callback([&run, loader, file, options, action] {
      run = [loader, file, options, action] { return action(resolve_settings(*loader, *file), *options); };
    });
    return command;
  };
  CLI::App* const create_command = add("create", "Make a key; its secret is shown once", create);
  create_command->add_option("--workspace", options->workspace, "Workspace; created when missing [default]");
  create_command->add_option("--name", options->name, "What the key is for");
  create_command->add_option("--annotator", options->annotator_name, "Name of the annotator the key scores as");
  create_command->add_option("--email", options->annotator_email, "E-mail of that annotator");
  create_command->add_option("--annotator-id", options->annotator_id, "UUID of that annotator");
  create_command->add_option("--scopes", options->scopes, "ingest, read, manage, admin [ingest,read]")->delimiter(',');
  create_command->add_option("--rate-requests", options->rate_requests,
                             "Requests per second; 0: no limit [the server's default_rate_requests]");
  create_command->add_option("--rate-scores", options->rate_scores,
                             "Scores per second; 0: no limit [the server's default_rate_scores]");
  create_command->add_option("--rate-bytes", options->rate_bytes,
                             "Body bytes per second, such as 10MiB; 0: no limit [the server's default_rate_bytes]");
  create_command->add_flag("--strict-workspace", options->strict_sources,
                           "A workspace made by this call accepts scores for registered sources only");
  add("list", "All keys, without secrets", list);
  CLI::App* const revoke_command = add("revoke", "End a key; it stops at once", revoke);
  revoke_command->add_option("id", options->key_id, "The key's id")->required();
}

}  // namespace sluice
