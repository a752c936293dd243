#include "net/dialects/futureagi/decode.h"
#include "net/dialects/futureagi/encode.h"
#include "net/dialects/futureagi/endpoints.h"
#include "net/dialects/futureagi/error_body.h"

/// for-source, list, and one score by id.

namespace sluice::futureagi {
namespace {

class ScoresForSource final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    bool exists = true;
    if (!decode_for_source(exchange, exists)) return Next::reply;
    if (exists) return Next::read;
    encode_for_source(exchange, exchange.reply.body);
    return Next::reply;
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.read.status != Errc::ok) return refuse_code(exchange, exchange.read.status);
    encode_for_source(exchange, exchange.reply.body);
    return Next::reply;
  }
};

class ListScores final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    bool exists = true;
    if (!decode_list(exchange, exists)) return Next::reply;
    if (exists) return Next::read;
    encode_list(exchange, exchange.reply.body);
    return Next::reply;
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.read.status != Errc::ok) return refuse_code(exchange, exchange.read.status);
    encode_list(exchange, exchange.reply.body);
    return Next::reply;
  }
};

class GetScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (!read_path_id(exchange)) {
      write_plain_error(exchange.reply, 404, {}, "Score not found.");
      return Next::reply;
    }
    exchange.read.query.by = ScoreQuery::By::score_id;
    exchange.read.query.workspace = exchange.principal.workspace;
    exchange.read.query.score_id = exchange.uuid;
    return Next::read;
  }

  Next resume(Exchange& exchange) const override {
    const ReadRequest& read = exchange.read;
    if (read.status == Errc::not_found || (read.status == Errc::ok && read.page.scores.empty())) {
      write_plain_error(exchange.reply, 404, {}, "Score not found.");
      return Next::reply;
    }
    if (read.status != Errc::ok) return refuse_code(exchange, read.status);
    encode_score(exchange, read.page.scores.front(), exchange.reply.body);
    return Next::reply;
  }
};

}  // namespace

const Endpoint& scores_for_source() noexcept {
  static const ScoresForSource kEndpoint;
  return kEndpoint;
}

const Endpoint& list_scores() noexcept {
  static const ListScores kEndpoint;
  return kEndpoint;
}

const Endpoint& get_score() noexcept {
  static const GetScore kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::futureagi
