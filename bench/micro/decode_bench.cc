#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/contestants/contestants.h"
#include "engine/base/limits.h"
#include "engine/ingest/record_checker.h"
#include "net/dialect/json_reader.h"
#include "net/dialects/registry.h"
#include "tools/load/bodies.h"

/// Bytes → ScoreRecord[] per dialect: what an io thread does between the socket and the engine. Bodies come from the
/// load tool's pool, so that no two in a row are the same.

namespace sluice {
namespace {

const Endpoint* endpoint_of(std::string_view path) {
  for (const Dialect* const dialect : dialects())
    for (const Route& route : dialect->routes())
      if (route.method == Method::post && route.pattern == path) return route.endpoint;
  return nullptr;
}

struct Setup {
  load::Api api;
  load::Format format;
  const char* path;
  const char* content_type;
};

void decode(benchmark::State& state, Setup setup) {
  load::LoadOptions options;
  options.api = setup.api;
  options.seed = 7;
  options.batch = static_cast<std::uint32_t>(state.range(0));
  const load::Plan plan(load::plan_options(options));
  std::vector<load::LoadLabel> labels = load::planned_labels(plan);
  for (load::LoadLabel& label : labels) label.id = "11111111-2222-4333-8444-555555555555";
  load::BodyPool pool(plan, labels, {"127.0.0.1:1", "id.secret", setup.format, false});
  const Endpoint* const endpoint = endpoint_of(setup.path);
  if (endpoint == nullptr) return state.SkipWithError("no such route");

  const KeyedHash keys(KeyedHash::Key{});
  const DialectOptions dialect_options;
  Catalogue catalogue;
  JsonParser parser;
  Exchange exchange;
  std::string body;
  std::uint64_t request = 0, bytes = 0, items = 0;
  for (auto _ : state) {
    state.PauseTiming();  // Rendering is the client's work.
    const std::string_view whole = pool.make(request++);
    const std::size_t head = whole.find("\r\n\r\n") + 4;
    body.assign(whole.substr(head));
    body.append(limits::kPadding, ' ');
    exchange.reset();
    exchange.request.method = Method::post;
    exchange.request.path = setup.path;
    exchange.request.content_type = setup.content_type;
    exchange.request.body = {body.data(), body.size() - limits::kPadding};
    exchange.principal = {.key = 1, .workspace = 1, .annotator = 1, .scopes = kIngest};
    exchange.batch.principal = exchange.principal;
    exchange.keys = &keys;
    exchange.options = &dialect_options;
    exchange.json = &parser;
    exchange.catalogue = catalogue.snapshot();
    state.ResumeTiming();
    const Next next = endpoint->start(exchange);
    if (next != Next::write) {
      state.SkipWithError(("refused: " + exchange.reply.body).c_str());
      break;
    }
    bytes += exchange.request.body.size();
    items += exchange.batch.records.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
}

/// What the goal asks for: a native body to records, each with its label found and its value checked, on one core.
/// Nothing is left out of the time: the bodies are rendered before.
void decode_and_check(benchmark::State& state, Setup setup) {
  load::LoadOptions options;
  options.api = setup.api;
  options.seed = 7;
  options.batch = static_cast<std::uint32_t>(state.range(0));
  options.text = 0;  // As in bench/e2e.
  const load::Plan plan(load::plan_options(options));
  Catalogue catalogue;
  CreateKey key;
  key.workspace_name = "default";
  key.key_id = "bench";
  key.annotator_name = "bench";
  key.scopes = kIngest;
  const auto created = catalogue.apply(key, 1);
  if (!created) return state.SkipWithError("no key");
  const Principal principal = created->key->principal();
  std::vector<load::LoadLabel> labels = load::planned_labels(plan);
  const std::vector<Uuid> ids = bench::create_labels(catalogue, principal.workspace, plan);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i].id = to_text(ids[i]);
  load::BodyPool pool(plan, labels, {"127.0.0.1:1", "id.secret", setup.format, false});
  const Endpoint* const endpoint = endpoint_of(setup.path);
  if (endpoint == nullptr) return state.SkipWithError("no such route");
  std::vector<std::string> bodies(256);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::string_view whole = pool.make(i * 5);
    bodies[i].assign(whole.substr(whole.find("\r\n\r\n") + 4)).append(limits::kPadding, ' ');
  }

  const KeyedHash keys(KeyedHash::Key{});
  const DialectOptions dialect_options;
  JsonParser parser;
  RecordChecker checker(catalogue, wall_now);
  CheckedRecord checked;
  Exchange exchange;
  std::uint64_t request = 0, bytes = 0, items = 0, bad = 0;
  for (auto _ : state) {
    std::string& body = bodies[request++ % bodies.size()];
    exchange.reset();
    exchange.request.method = Method::post;
    exchange.request.path = setup.path;
    exchange.request.content_type = setup.content_type;
    exchange.request.body = {body.data(), body.size() - limits::kPadding};
    exchange.principal = exchange.batch.principal = principal;
    exchange.keys = &keys;
    exchange.options = &dialect_options;
    exchange.json = &parser;
    exchange.catalogue = catalogue.snapshot();
    if (endpoint->start(exchange) != Next::write) {
      state.SkipWithError(("refused: " + exchange.reply.body).c_str());
      break;
    }
    checker.begin(exchange.batch);
    for (const ScoreRecord& record : exchange.batch.records) bad += checker.check(record, checked) != Errc::ok;
    bytes += exchange.request.body.size();
    items += exchange.batch.records.size();
  }
  if (bad != 0 || items != request * options.batch) state.SkipWithError("a score was refused");
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
}

using load::Api;
using load::Format;
BENCHMARK_CAPTURE(decode_and_check, native_json,
                  Setup{Api::native, Format::json, "/v1/scores", "application/json"})
    ->Arg(100);
BENCHMARK_CAPTURE(decode, native_json, Setup{Api::native, Format::json, "/v1/scores", "application/json"})
    ->Arg(1)
    ->Arg(100);
BENCHMARK_CAPTURE(decode, native_ndjson, Setup{Api::native, Format::ndjson, "/v1/scores", "application/x-ndjson"})
    ->Arg(100);
BENCHMARK_CAPTURE(decode, futureagi_create,
                  Setup{Api::futureagi, Format::json, "/model-hub/scores", "application/json"})
    ->Arg(1);
BENCHMARK_CAPTURE(decode, futureagi_bulk,
                  Setup{Api::futureagi, Format::json, "/model-hub/scores/bulk", "application/json"})
    ->Arg(10);
BENCHMARK_CAPTURE(decode, evalguard, Setup{Api::evalguard, Format::json, "/api/v1/annotations", "application/json"})
    ->Arg(1);
BENCHMARK_CAPTURE(decode, twosignal, Setup{Api::twosignal, Format::json, "/api/v1/scores", "application/json"})->Arg(1);

}  // namespace
}  // namespace sluice
