#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "bench/contestants/contestants.h"

int main(int argc, char** argv) {
  namespace bench = sluice::bench;
  CLI::App app("Contestants of bench/e2e");
  app.require_subcommand(1);
  bench::RunOptions options;
  int (*run)(const bench::RunOptions&) = nullptr;
  const auto add = [&](const char* name, const char* help, int (*action)(const bench::RunOptions&)) {
    CLI::App* const command = app.add_subcommand(name, help);
    command->add_option("--data", options.data);
    command->add_option("--seed", options.seed);
    command->add_option("--requests", options.requests);
    command->add_option("--batch", options.batch);
    command->add_option("--in-flight", options.in_flight);
    command->add_option("--port", options.port);
    command->add_option("--seconds", options.seconds);
    command->add_option("--bytes", options.bytes);
    command->add_option("--every-ms", options.every_ms);
    command->callback([&run, action] { run = action; });
  };
  add("engine", "engine and store without HTTP", bench::run_engine);
  add("rows", "a row key and an annotator key per score", bench::run_rows);
  add("sink", "receive and parse only", bench::run_sink);
  add("probe", "fdatasync percentiles", bench::run_probe);
  add("sum", "count and checksum of a stopped data directory", bench::run_sum);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "contestant: %s\n", error.what());
    return 1;
  }
}
