#include "net/dialect/endpoint_fuzzer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/dialect/fuzz_world.h"
#include "net/dialect/json_reader.h"

namespace sluice {
namespace {

constexpr int kSteps = 64;

/// The input's second byte.
class Choice {
 public:
  explicit Choice(std::uint8_t byte) : byte_(byte) {}

  [[nodiscard]] bool envelope() const { return (byte_ & 1) != 0; }
  [[nodiscard]] bool idempotent() const { return (byte_ & 4) != 0; }
  // What the engine refuses, if anything: one step, or the records for a reason.
  [[nodiscard]] bool refuses_reads() const { return refuses() && which() == 31; }
  [[nodiscard]] bool refuses_batches() const { return refuses() && which() == 30; }
  [[nodiscard]] bool refuses_changes() const { return refuses() && which() == 29; }
  [[nodiscard]] bool refuses_records() const { return refuses() && which() < 29; }
  [[nodiscard]] Errc record_code() const {
    return static_cast<Errc>(static_cast<unsigned>(Errc::source_not_found) + which());
  }
  // Where nothing is refused, who asks and in which format.
  [[nodiscard]] bool lines() const { return !refuses() && which() == 1; }
  [[nodiscard]] Principal principal() const {
    if (!refuses() && which() == 2) return FuzzWorld::other();
    if (!refuses() && which() == 3) return FuzzWorld::operator_principal();
    return FuzzWorld::owner();
  }

 private:
  [[nodiscard]] bool refuses() const { return (byte_ & 2) != 0; }
  [[nodiscard]] unsigned which() const { return byte_ >> 3; }

  const std::uint8_t byte_;
};

/// The rest of `text`'s first line, when that begins with `mark`; it is taken off.
bool take_line(std::string_view& text, char mark, std::string_view& out) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(mark) || end == std::string_view::npos) return false;
  out = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return true;
}

/// What the gate lets through in a target.
bool is_target_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

std::string_view name_in_path(FuzzWorld& world, std::string_view pattern, std::string_view& text) {
  const std::vector<std::string>& names = world.names();
  std::string_view name = names[pattern.ends_with("/scores/{id}") ? FuzzWorld::kFirstScore : 0];
  if (!take_line(text, '/', name)) return name;
  const bool digit = name.size() == 1 && name[0] >= '0' && name[0] <= '9';
  return digit ? std::string_view(names[static_cast<std::size_t>(name[0] - '0') % names.size()]) : name;
}

void answer_write(FuzzWorld& world, Exchange& exchange, const Choice& choice) {
  Batch& batch = exchange.batch;
  batch.principal = exchange.principal;
  if (choice.idempotent() && !batch.records.empty()) batch.idempotency = IdempotencyRequest{{1, 2}, {3, 4}};
  for (const ScoreRecord& record : batch.records)
    SLUICE_CHECK(record.kind == EventKind::patch || !record.source.id.empty());
  if (choice.refuses_batches()) {
    batch.status = Errc::idempotency_mismatch;
  } else if (choice.refuses_records()) {
    for (std::size_t i = 0; i < batch.records.size(); ++i) batch.outcomes.push_back({choice.record_code(), 0, 0, 0});
  } else {
    world.write(exchange);
  }
}

void answer_read(FuzzWorld& world, Exchange& exchange, const Choice& choice) {
  if (choice.refuses_reads()) {
    exchange.read.status = Errc::bad_cursor;
    exchange.read.page.reset();
  } else {
    world.read(exchange);
  }
}

void answer_change(FuzzWorld& world, Exchange& exchange, const Choice& choice) {
  if (choice.refuses_changes()) {
    exchange.changed = Errc::limit_reached;
  } else {
    world.change(exchange);
  }
}

/// Every reply is one JSON value, whatever was asked. What clients may nest in a score makes some deeper than a body
/// may be.
void check_reply(JsonParser& parser, const Reply& reply) {
  std::string text = reply.body;
  text.append(limits::kPadding, ' ');
  const Result<void> valid = validate_json(parser, {text.data(), reply.body.size()});
  SLUICE_CHECK(valid.ok() || valid.error().code == Errc::too_deep);
}

}  // namespace

int fuzz_endpoint(const Dialect& dialect, const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Route& route = dialect.routes()[data[0] % dialect.routes().size()];
  const Choice choice(data[1]);
  std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);

  static const std::array<std::uint8_t, 32> pepper{};
  static const KeyMaker key_maker(pepper);
  static JsonParser parser;
  const DialectOptions options{.futureagi_envelope = choice.envelope()};
  FuzzWorld world;

  Exchange exchange;
  RequestView& request = exchange.request;
  request.method = route.method;
  request.path = route.pattern;
  if (route.pattern.find('{') != std::string_view::npos)
    request.params.assign(1, name_in_path(world, route.pattern, text));
  const bool has_query = take_line(text, '?', request.query);
  // Exactly as much memory as the decoder is promised, so that the sanitizer sees any byte read beyond it.
  const auto body = std::make_unique<char[]>(text.size() + limits::kPadding);
  if (!text.empty()) std::memcpy(body.get(), text.data(), text.size());
  if (route.method != Method::get && route.method != Method::del) {
    request.content_type = choice.lines() ? "application/x-ndjson" : "application/json";
    request.body = {body.get(), text.size()};
  } else if (!has_query) {
    request.query = text;
  }
  for (const std::string_view param : request.params)
    if (!is_target_text(param)) return 0;
  if (!is_target_text(request.query)) return 0;
  exchange.principal = choice.principal();
  exchange.catalogue = world.snapshot();
  exchange.keys = &test_keys();
  exchange.key_maker = &key_maker;
  exchange.options = &options;
  exchange.json = &parser;
  exchange.now = TestCatalogue::kCreated;

  Next next = route.endpoint->start(exchange);
  for (int step = 0; next != Next::reply; ++step) {
    SLUICE_CHECK(step < kSteps);
    if (next == Next::write) answer_write(world, exchange, choice);
    if (next == Next::read) answer_read(world, exchange, choice);
    if (next == Next::change) answer_change(world, exchange, choice);
    next = route.endpoint->resume(exchange);
  }
  check_reply(parser, exchange.reply);
  return 0;
}

}  // namespace sluice
