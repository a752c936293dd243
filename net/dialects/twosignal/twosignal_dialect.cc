#include "net/dialects/twosignal/twosignal_dialect.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "net/dialect/rest_shape.h"
#include "net/dialects/twosignal/decode.h"
#include "net/dialects/twosignal/encode.h"

namespace sluice {
namespace {

Next refuse_with(const Refusal& refusal, Exchange& exchange) {
  twosignal_dialect().refuse(refusal, exchange.request, exchange.reply);
  return Next::reply;
}

Next submit(Exchange& exchange) {
  exchange.batch.principal = exchange.principal;
  exchange.batch.dialect = DialectCode::twosignal;
  return Next::write;
}

class CreateScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (const auto refusal = refusal_without_annotator(exchange.principal)) return refuse_with(*refusal, exchange);
    if (const auto refusal = twosignal::decode_score(exchange)) return refuse_with(*refusal, exchange);
    return submit(exchange);
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.batch.status != Errc::ok) return refuse_with(refusal_of(exchange.batch.status), exchange);
    const RecordOutcome& outcome = exchange.batch.outcomes.front();
    if (!outcome.stored())
      return refuse_with(twosignal::refusal_of_record(exchange.batch.records.front(), outcome.code), exchange);
    exchange.reply.status = 201;
    twosignal::encode_score(exchange, exchange.reply.body);
    return Next::reply;
  }
};

class CreateTraces final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (const auto refusal = twosignal::decode_traces(exchange)) return refuse_with(*refusal, exchange);
    return submit(exchange);
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.batch.status != Errc::ok) return refuse_with(refusal_of(exchange.batch.status), exchange);
    exchange.reply.status = 201;
    twosignal::encode_accepted(exchange, exchange.reply.body);
    return Next::reply;
  }

  void shorten(Exchange& exchange) const override {
    if (exchange.reply.status != 201) return;  // A refusal, which lists few.
    exchange.reply.body.clear();
    twosignal::encode_accepted(exchange, exchange.reply.body, limits::kShortReplyBytes);
  }
};

const CreateScore kCreateScore;
const CreateTraces kCreateTraces;
constexpr Route kRoutes[] = {
    {Method::post, "/api/v1/scores", kIngest, &kCreateScore},
    {Method::post, "/api/v1/traces", kIngest, &kCreateTraces},
};

class TwoSignalDialect final : public Dialect {
 public:
  DialectCode code() const noexcept override { return DialectCode::twosignal; }
  std::span<const Route> routes() const noexcept override { return kRoutes; }

  void refuse(const Refusal& refusal, const RequestView&, Reply& reply) const override {
    reply.status = refusal.status;
    reply.body.clear();
    reply.retry_after_seconds = refusal.retry_after_seconds;
    if (refusal.status == 429) {
      reply.retry_after_seconds = std::max(1, refusal.retry_after_seconds);
      std::string text = "Rate limit exceeded. Retry after " + std::to_string(reply.retry_after_seconds);
      text.append(reply.retry_after_seconds == 1 ? " second." : " seconds.");
      if (refusal.code == Errc::rate_limited) text.append(" ").append(refusal.message);
      twosignal::encode_error("RATE_LIMIT_EXCEEDED", text, reply.body);
      return;
    }
    twosignal::encode_error(rest_code(refusal.status), refusal_sentence(refusal), reply.body);
  }
};

}  // namespace

const Dialect& twosignal_dialect() noexcept {
  static const TwoSignalDialect kDialect;
  return kDialect;
}

}  // namespace sluice
