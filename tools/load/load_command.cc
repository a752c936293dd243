#include "tools/load/load_command.h"

#include <map>
#include <memory>

#include <unistd.h>

#include "tools/load/load_options.h"

namespace sluice {
namespace {

using load::Api;
using load::Format;
using load::LoadOptions;
using load::Read;

void add_target_options(CLI::App& command, LoadOptions& options) {
  command.add_option("--url", options.url, "Server to load")->envname("SLUICE_URL")->capture_default_str();
  command.add_option("--port", options.port, "Port, instead of the URL's");
  command.add_option("--key", options.key, "API key, ID.SECRET, or @FILE that holds it")->envname("SLUICE_KEY");
  command.add_option("--data", options.data, "Data directory whose first-key file holds the key")
      ->capture_default_str();
  command.add_option("--server-pid", options.server_pid,
                     "Server process whose CPU time is reported (default: found by port)");
}

void add_traffic_options(CLI::App& command, LoadOptions& options) {
  static const std::map<std::string, Api> kApis{{"native", Api::native},
                                                {"futureagi", Api::futureagi},
                                                {"evalguard", Api::evalguard},
                                                {"2signal", Api::twosignal}};
  static const std::map<std::string, Format> kFormats{{"json", Format::json}, {"ndjson", Format::ndjson}};
  command.add_option("--api", options.api, "native, futureagi, evalguard or 2signal")
      ->transform(CLI::Transformer(kApis));
  command.add_option("--format", options.format, "json or ndjson (native)")->transform(CLI::Transformer(kFormats));
  command
      .add_option_function<std::string>(
          "--results", [&options](const std::string& which) { options.results_all = which == "all"; },
          "errors: answers name bad items only; all: every item (native)")
      ->check(CLI::IsMember({"errors", "all"}))
      ->default_str("errors");
  command.add_option("--batch", options.batch, "Scores per request")->capture_default_str();
  command.add_option("--connections", options.connections, "Connections")->capture_default_str();
  command.add_option("--threads", options.threads, "Generator threads")->capture_default_str();
  command.add_option("--rate", options.rate, "Scores per second, constant schedule; 0: closed loop")
      ->capture_default_str();
  command.add_option("--duration", options.duration_s, "Seconds, warm-up included")->capture_default_str();
  command.add_option("--warmup", options.warmup_s, "Seconds that are not measured")->capture_default_str();
  command.add_option("--requests", options.requests_max, "Stop after this many requests; 0: no such end");
  command.add_option("--seed", options.seed, "What every score derives from; 0: drawn and printed");
  command.add_option("--scores-per-source", options.scores_per_source, "Scores each source gets")
      ->capture_default_str();
  command.add_option("--spread", options.spread, "Requests between two scores of a source")->capture_default_str();
  command.add_option("--labels", options.labels, "Labels to spread scores over")->capture_default_str();
  command.add_flag("--client-ids", options.client_ids, "Give every score an id of its own (native)");
  command.add_option("--invalid", options.invalid, "Share of items that must be refused (native)")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--text", options.text, "Share of items with notes")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  static const std::map<std::string, Read> kReads{{"source", Read::source}, {"annotator", Read::annotator}};
  command
      .add_option("--read", options.read,
                  "Write nothing; read the sources that the first --requests requests of an earlier run with --seed "
                  "scored, or its annotator, 100 a page. --rate counts reads")
      ->transform(CLI::Transformer(kReads))
      ->type_name("source|annotator");
  command.add_flag("--stop-on-disconnect", options.stop_on_disconnect, "End well when the server goes away");
}

void add_audit_options(CLI::App& command, LoadOptions& options) {
  command.add_flag("--audit", options.audit, "Read every acked score back; exit 1 if one is missing or wrong");
  command.add_flag("--audit-only", options.audit_only, "Send nothing; audit what --ack-log FILE says was acked");
  command.add_option("--audit-sample", options.audit_sample, "Share of sources to audit")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--ack-log", options.ack_log, "File for the numbers of acked requests, synced every 50 ms");
  command.add_option("--json", options.json_report, "Write the report as JSON to this file; -: stdout");
  command.add_flag("--progress", options.progress, "A line a second on stderr (default on a terminal)");
}

}  // namespace

void add_load_command(CLI::App& app, std::function<int()>& run) {
  auto options = std::make_shared<LoadOptions>();
  options->progress = ::isatty(STDERR_FILENO) != 0;
  CLI::App* command = app.add_subcommand("load", "Generate load, measure it, and audit what was acked");
  add_target_options(*command, *options);
  add_traffic_options(*command, *options);
  add_audit_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  sluice load --batch 100 --connections 32 --duration 30 --audit\n"
      "  sluice load --api 2signal --batch 1 --connections 256 --duration 10\n"
      "  sluice load --rate 500000 --duration 60 --warmup 10 --json report.json\n"
      "  sluice load --read source --seed 7 --requests 10000 --duration 10  (after a run with that --seed and "
      "--requests)");
  command->callback([options, &run] { run = [options] { return load::run_load(*options); }; });
}

}  // namespace sluice
