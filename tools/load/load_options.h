#pragma once

#include <cstdint>
#include <string>

/// What `sluice load` was asked to do. Plain values; load_command.cc fills them from the command line.

namespace sluice::load {

enum class Api : std::uint8_t { native, futureagi, evalguard, twosignal };
enum class Format : std::uint8_t { json, ndjson };
/// Read instead of writing: sources of an earlier run, or pages of its annotator.
enum class Read : std::uint8_t { none, source, annotator };

struct LoadOptions {
  std::string url = "http://127.0.0.1:8420";
  std::uint16_t port = 0;              ///< Replaces the URL's port when not 0.
  std::string key;                     ///< "id.secret" or "@file"; empty: read from `data`/first-key.
  std::string data = "./sluice-data";

  Api api = Api::native;
  Format format = Format::json;
  bool results_all = false;            ///< Native: ask for a result per item instead of the bad ones only.
  std::uint32_t batch = 100;
  std::uint32_t connections = 32;
  std::uint32_t threads = 1;
  double rate = 0;                     ///< Scores per second; 0: closed loop.
  double duration_s = 10;
  double warmup_s = 0;
  std::uint64_t requests_max = 0;      ///< Stop after this many requests; 0: only the duration ends the run.
  std::uint64_t seed = 0;              ///< 0: drawn, and printed.
  std::uint32_t scores_per_source = 10;
  std::uint32_t spread = 64;           ///< Scores of one source come this many requests apart.
  std::uint32_t labels = 10;
  bool client_ids = false;
  double invalid = 0;                  ///< Share of items that must be refused.
  double text = 0.1;                   ///< Share of items that carry notes.
  bool stop_on_disconnect = false;
  Read read = Read::none;              ///< With it, rate counts reads and requests_max is what the earlier run sent.

  bool audit = false;
  bool audit_only = false;
  double audit_sample = 1.0;
  std::string ack_log;

  int server_pid = 0;                  ///< 0: found through the listening socket when it is on this machine.
  std::string json_report;             ///< "-": stdout.
  bool progress = false;
};

/// Runs the load (and the audit). 0: fine; 1: scores are missing or wrong, or answers were not what they must be;
/// 2: it could not be run.
int run_load(const LoadOptions& options);

}  // namespace sluice::load
