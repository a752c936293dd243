#include <algorithm>

#include "net/dialect/rest_shape.h"
#include "net/dialects/futureagi/decode.h"
#include "net/dialects/futureagi/encode.h"
#include "net/dialects/futureagi/endpoints.h"
#include "net/dialects/futureagi/error_body.h"
#include "net/dialects/futureagi/futureagi_dialect.h"

/// Create and bulk: decode, write, read the source back up to the own events, answer with the state found.

namespace sluice::futureagi {
namespace {

/// exchange.step.
enum Step : std::uint32_t { kWriting = 0, kReading = 1 };

Next submit(Exchange& exchange) {
  if (const auto refusal = refusal_without_annotator(exchange.principal)) {
    futureagi_dialect().refuse(*refusal, exchange.request, exchange.reply);
    return Next::reply;
  }
  exchange.batch.principal = exchange.principal;
  exchange.batch.dialect = DialectCode::futureagi;
  return Next::write;
}

/// The state that the answer shows ends with the call's own last event, whatever others wrote meanwhile.
Next read_back(Exchange& exchange) {
  ScoreQuery& query = exchange.read.query;
  query.by = ScoreQuery::By::source;
  query.workspace = exchange.principal.workspace;
  query.source = exchange.batch.records.front().source;
  query.filter.annotators.assign(1, exchange.principal.annotator);
  for (const RecordOutcome& outcome : exchange.batch.outcomes)
    if (outcome.stored()) query.up_to = std::max(query.up_to, Position{outcome.block, outcome.slot});
  exchange.step = kReading;
  return Next::read;
}

/// The write is durable, only its state cannot be shown.
Next refuse_unreadable(Exchange& exchange, Errc code) {
  Refusal refusal = refusal_of(code);
  refusal.message = "The call is stored, but could not be read back, and is harmless to repeat: " + refusal.message;
  futureagi_dialect().refuse(refusal, exchange.request, exchange.reply);
  return Next::reply;
}

/// Stored as asked, or nothing was to be stored; the answer is repeated by the same call, which changes nothing more.
void refuse_answer(Exchange& exchange) {
  Refusal refusal = refusal_of(Errc::overloaded);
  refusal.message = exchange.step == kReading
                        ? "The call is stored, but its answer is too long for now; the call is harmless to repeat."
                        : "Nothing was stored, and the list of why is too long for now. Try again shortly.";
  futureagi_dialect().refuse(refusal, exchange.request, exchange.reply);
}

Next refuse_verdict(Exchange& exchange, const Verdict& verdict) {
  if (!verdict.about_value) {
    write_plain_error(exchange.reply, verdict.status, {}, verdict.text);
    return Next::reply;
  }
  Problems problems;
  problems.add(Field::value, "invalid", verdict.text);
  write_field_errors(exchange.reply, problems.settled(), (exchange.flags & kCamel) != 0);
  return Next::reply;
}

class CreateScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override { return decode_create(exchange) ? submit(exchange) : Next::reply; }

  Next resume(Exchange& exchange) const override {
    const Batch& batch = exchange.batch;
    if (exchange.step == kWriting) {
      if (batch.status != Errc::ok) return refuse_code(exchange, batch.status);
      if (!batch.outcomes.front().stored())
        return refuse_verdict(exchange, verdict_of(exchange, batch.records.front(), batch.outcomes.front()));
      return read_back(exchange);
    }
    if (exchange.read.status != Errc::ok) return refuse_unreadable(exchange, exchange.read.status);
    const Score* const score = find_own(exchange, batch.records.front(), batch.outcomes.front());
    if (score == nullptr) return refuse_unreadable(exchange, Errc::score_not_found);
    begin_result(exchange, exchange.reply.body);
    encode_score(exchange, *score, exchange.reply.body);
    end_result(exchange, exchange.reply.body);
    return Next::reply;
  }

  void shorten(Exchange& exchange) const override { refuse_answer(exchange); }
};

class CreateScores final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (!decode_bulk(exchange)) return Next::reply;
    if (!exchange.batch.records.empty()) return submit(exchange);
    encode_bulk(exchange, exchange.reply.body);  // Every item was bad, and is named.
    return Next::reply;
  }

  Next resume(Exchange& exchange) const override {
    const Batch& batch = exchange.batch;
    if (exchange.step == kReading) {
      if (exchange.read.status != Errc::ok) return refuse_unreadable(exchange, exchange.read.status);
      encode_bulk(exchange, exchange.reply.body);
      return Next::reply;
    }
    if (batch.status != Errc::ok) return refuse_code(exchange, batch.status);
    bool any_stored = false;
    for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
      // One source for the whole call: unknown for one is unknown for all.
      if (batch.outcomes[i].code == Errc::source_not_found)
        return refuse_verdict(exchange, verdict_of(exchange, batch.records[i], batch.outcomes[i]));
      any_stored = any_stored || batch.outcomes[i].stored();
    }
    if (any_stored) return read_back(exchange);
    encode_bulk(exchange, exchange.reply.body);
    return Next::reply;
  }

  void shorten(Exchange& exchange) const override { refuse_answer(exchange); }
};

}  // namespace

Next refuse_code(Exchange& exchange, Errc code) {
  futureagi_dialect().refuse(refusal_of(code), exchange.request, exchange.reply);
  return Next::reply;
}

const Endpoint& create_score() noexcept {
  static const CreateScore kEndpoint;
  return kEndpoint;
}

const Endpoint& create_scores() noexcept {
  static const CreateScores kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::futureagi
