#include "net/dialect/rest_shape.h"
#include "net/dialects/futureagi/decode.h"
#include "net/dialects/futureagi/encode.h"
#include "net/dialects/futureagi/endpoints.h"
#include "net/dialects/futureagi/error_body.h"
#include "net/dialects/futureagi/futureagi_dialect.h"

/// PUT, PATCH and DELETE of one score: find it, check that it is the caller's, write an event with its identity.

namespace sluice::futureagi {
namespace {

/// exchange.step.
enum Step : std::uint32_t { kFinding = 0, kWriting = 1, kReading = 2 };

Next not_found(Exchange& exchange) {
  write_plain_error(exchange.reply, 404, {}, "Score not found.");
  return Next::reply;
}

Next find_score(Exchange& exchange) {
  exchange.read.query.by = ScoreQuery::By::score_id;
  exchange.read.query.workspace = exchange.principal.workspace;
  exchange.read.query.score_id = exchange.uuid;
  exchange.read.page.reset();
  return Next::read;
}

SourceRef copy(Arena& arena, const SourceRef& source) {
  SourceRef copied = source;
  copied.type_text = arena.copy(source.type_text);
  copied.id = arena.copy(source.id);
  return copied;
}

/// Everything of the found score that makes the event one of its own. Copied: the page is used again for the answer.
void aim_at(const Score& score, Arena& arena, ScoreRecord& record) {
  record.source = copy(arena, score.row.source);
  record.parent = copy(arena, score.row.parent);
  record.parent_in_identity = score.row.parent_in_identity;
  record.label.kind = LabelRef::Kind::number;
  record.label.number = score.row.label;
  record.client_id = arena.copy(score.row.client_id);
  record.queue_item = arena.copy(score.row.queue_item);
  record.annotator = score.row.annotator;
  record.target = score.identity;
}

/// The found score, when the caller may change it; otherwise the refusal stands in the reply.
const Score* changeable(Exchange& exchange, std::string_view verb) {
  const ReadRequest& read = exchange.read;
  if (read.status == Errc::not_found || (read.status == Errc::ok && read.page.scores.empty())) {
    (void)not_found(exchange);
    return nullptr;
  }
  if (read.status != Errc::ok) {
    (void)refuse_code(exchange, read.status);
    return nullptr;
  }
  const Score& score = read.page.scores.front();
  if (score.row.annotator == exchange.principal.annotator || exchange.principal.may(kManage)) return &score;
  std::string text = "You do not have permission to ";  // 400 and not 403: the server's own choice.
  write_plain_error(exchange.reply, 400, {}, text.append(verb).append(" this score."));
  return nullptr;
}

Next submit(Exchange& exchange) {
  exchange.batch.principal = exchange.principal;
  exchange.batch.dialect = DialectCode::futureagi;
  exchange.step = kWriting;
  return Next::write;
}

/// True when the event was stored; otherwise the refusal stands in the reply.
bool written(Exchange& exchange) {
  const Batch& batch = exchange.batch;
  if (batch.status != Errc::ok) {
    (void)refuse_code(exchange, batch.status);
    return false;
  }
  if (batch.outcomes.front().stored()) return true;
  const Verdict verdict = verdict_of(exchange, batch.records.front(), batch.outcomes.front());
  if (verdict.about_value) {
    Problems problems;
    problems.add(Field::value, "invalid", verdict.text);
    write_field_errors(exchange.reply, problems.settled(), (exchange.flags & kCamel) != 0);
  } else {
    write_plain_error(exchange.reply, verdict.status, {}, verdict.text);
  }
  return false;
}

class ChangeScore final : public Endpoint {
 public:
  explicit ChangeScore(bool whole) : whole_(whole) {}

  Next start(Exchange& exchange) const override {
    if (!read_path_id(exchange)) return not_found(exchange);
    return decode_patch(exchange, whole_) ? find_score(exchange) : Next::reply;
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.step == kFinding) {
      const Score* const score = changeable(exchange, "update");
      if (score == nullptr) return Next::reply;
      aim_at(*score, exchange.arena, exchange.batch.records.front());
      return submit(exchange);
    }
    if (exchange.step == kWriting) {
      if (!written(exchange)) return Next::reply;
      const RecordOutcome& outcome = exchange.batch.outcomes.front();
      exchange.step = kReading;
      exchange.read.query.up_to = {outcome.block, outcome.slot};
      return find_score(exchange);
    }
    const Errc status = exchange.read.status;
    if (status != Errc::ok && status != Errc::not_found) return refuse_code(exchange, status);
    if (status == Errc::not_found || exchange.read.page.scores.empty()) return not_found(exchange);
    encode_score(exchange, exchange.read.page.scores.front(), exchange.reply.body);
    return Next::reply;
  }

 private:
  const bool whole_;
};

class DeleteScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    return read_path_id(exchange) ? find_score(exchange) : not_found(exchange);
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.step == kFinding) {
      const Score* const score = changeable(exchange, "delete");
      if (score == nullptr) return Next::reply;
      ScoreRecord& record = exchange.batch.records.emplace_back();
      record.kind = EventKind::erase;
      aim_at(*score, exchange.arena, record);
      exchange.items = 1;
      return submit(exchange);
    }
    if (!written(exchange)) return Next::reply;
    begin_result(exchange, exchange.reply.body);
    exchange.reply.body.append("{\"deleted\":true}");
    end_result(exchange, exchange.reply.body);
    return Next::reply;
  }
};

}  // namespace

const Endpoint& put_score() noexcept {
  static const ChangeScore kEndpoint(true);
  return kEndpoint;
}

const Endpoint& patch_score() noexcept {
  static const ChangeScore kEndpoint(false);
  return kEndpoint;
}

const Endpoint& delete_score() noexcept {
  static const DeleteScore kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::futureagi
