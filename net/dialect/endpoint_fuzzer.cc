#include "net/dialect/endpoint_fuzzer.h"

#include <cstring>
#include <memory>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/dialect/json_reader.h"

namespace sluice {
namespace {

constexpr int kSteps = 64;
constexpr std::uint8_t kEnvelope = 1;
constexpr std::uint8_t kRefuse = 2;
constexpr std::uint8_t kIdempotent = 4;

/// Stores everything, or refuses everything for a reason that the input chooses.
void answer_write(Exchange& exchange, std::uint8_t choice) {
  Batch& batch = exchange.batch;
  batch.catalogue = exchange.catalogue;
  batch.inserted_at = 1;
  if ((choice & kIdempotent) != 0) batch.idempotency = IdempotencyRequest{{1, 2}, {3, 4}};
  const bool refuse = (choice & kRefuse) != 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    SLUICE_CHECK(batch.records[i].kind == EventKind::patch || !batch.records[i].source.id.empty());
    RecordOutcome outcome;
    outcome.block = 1;
    outcome.slot = static_cast<std::uint16_t>(i);
    if (refuse) outcome.code = static_cast<Errc>(static_cast<unsigned>(Errc::source_not_found) + (choice >> 3));
    batch.outcomes.push_back(outcome);
  }
}

void answer_read(Exchange& exchange, std::uint8_t choice) {
  exchange.read.status = (choice & kRefuse) != 0 ? Errc::bad_cursor : Errc::ok;
  exchange.read.page.reset();
}

}  // namespace

int fuzz_endpoint(const Dialect& dialect, const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Route& route = dialect.routes()[data[0] % dialect.routes().size()];
  const std::uint8_t choice = data[1];
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);

  static const KeyedHash keys(KeyedHash::Key{});
  static const std::array<std::uint8_t, 32> pepper{};
  static const KeyMaker key_maker(pepper);
  static const Catalogue catalogue;
  static JsonParser parser;
  const DialectOptions options{.futureagi_envelope = (choice & kEnvelope) != 0};

  // Exactly as much memory as the decoder is promised, so that the sanitizer sees any byte read beyond it.
  const auto body = std::make_unique<char[]>(text.size() + limits::kPadding);
  std::memcpy(body.get(), text.data(), text.size());

  Exchange exchange;
  exchange.request.method = route.method;
  exchange.request.path = route.pattern;
  exchange.request.params.assign(2, "6f1c1d7e-8b2a-8c3d-9e4f-000000000001");
  if (route.method == Method::get || route.method == Method::del) {
    exchange.request.query = text;
  } else {
    exchange.request.content_type = "application/json";
    exchange.request.body = {body.get(), text.size()};
  }
  exchange.principal = Principal{1, 1, 1, kIngest | kRead | kManage};
  exchange.catalogue = catalogue.snapshot();
  exchange.keys = &keys;
  exchange.key_maker = &key_maker;
  exchange.options = &options;
  exchange.json = &parser;

  Next next = route.endpoint->start(exchange);
  for (int step = 0; next != Next::reply; ++step) {
    SLUICE_CHECK(step < kSteps);
    if (next == Next::write) answer_write(exchange, choice);
    if (next == Next::read) answer_read(exchange, choice);
    if (next == Next::change) exchange.changed = Errc::limit_reached;
    next = route.endpoint->resume(exchange);
  }
  SLUICE_CHECK(!exchange.reply.body.empty());
  return 0;
}

}  // namespace sluice
