#include "net/dialects/evalguard/evalguard_dialect.h"

#include <algorithm>

#include "net/dialect/json_writer.h"
#include "net/dialect/rest_shape.h"
#include "net/dialects/evalguard/decode.h"
#include "net/dialects/evalguard/encode.h"

namespace sluice {
namespace {

// A listing drops what does not belong into it after the read; it reads on for a while rather than answer a page that
// is nearly empty to clients that know no cursor.
constexpr std::uint32_t kReadsPerListing = 16;

Next refuse_with(const Refusal& refusal, Exchange& exchange) {
  evalguard_dialect().refuse(refusal, exchange.request, exchange.reply);
  return Next::reply;
}

class CreateAnnotation final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (const auto refusal = refusal_without_annotator(exchange.principal)) return refuse_with(*refusal, exchange);
    if (const auto refusal = evalguard::decode_annotation(exchange)) return refuse_with(*refusal, exchange);
    exchange.batch.principal = exchange.principal;
    exchange.batch.dialect = DialectCode::evalguard;
    return Next::write;
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.batch.status != Errc::ok) return refuse_with(refusal_of(exchange.batch.status), exchange);
    const RecordOutcome& outcome = exchange.batch.outcomes.front();
    if (!outcome.stored())
      return refuse_with(evalguard::refusal_of_record(exchange.batch.records.front(), outcome.code), exchange);
    evalguard::encode_created(exchange, exchange.reply.body);
    return Next::reply;
  }
};

/// Every score of the workspace on a type of target that EvalGuard has, whoever sent it. With projectId, annotations of
/// other projects are left out; most scores name none (the documented body cannot, other dialects know none).
class ListAnnotations final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    if (const auto refusal = evalguard::decode_list(exchange)) return refuse_with(*refusal, exchange);
    exchange.reply.body = "{\"success\":true,\"data\":[";
    return Next::read;
  }

  Next resume(Exchange& exchange) const override {
    ReadRequest& read = exchange.read;
    if (read.status != Errc::ok) return refuse_with(refusal_of(read.status), exchange);
    read.query.cursor = read.page.next_cursor;
    const std::string_view project = evalguard::project_metadata(exchange.arena, project_id(exchange));
    std::uint32_t listed = 0;
    for (const Score& score : read.page.scores) {
      if (!evalguard::is_target_type(score.row.source.spelling)) continue;
      if (!evalguard::may_be_of_project(score.row, project)) continue;
      evalguard::encode_listed(score, exchange.reply.body);
      ++listed;
    }
    read.query.limit -= std::min<std::size_t>(read.query.limit, listed);
    if (!read.query.cursor.empty() && read.query.limit != 0 && ++exchange.step < kReadsPerListing) return Next::read;
    exchange.reply.body.push_back(']');
    if (!read.query.cursor.empty()) append_json_field(exchange.reply.body, "nextCursor", read.query.cursor);
    exchange.reply.body.push_back('}');
    return Next::reply;
  }

 private:
  static std::string_view project_id(const Exchange& exchange) noexcept {
    for (const QueryParam& param : exchange.query)
      if (param.name == "projectId" || param.name == "project_id") return param.value;
    return {};
  }
};

const CreateAnnotation kCreate;
const ListAnnotations kList;
constexpr Route kRoutes[] = {
    {Method::post, "/api/v1/annotations", kIngest, &kCreate},
    {Method::get, "/api/v1/annotations", kRead, &kList},
    {Method::post, "/v1/annotations", kIngest, &kCreate},
    {Method::get, "/v1/annotations", kRead, &kList},
};

std::string_view error_code(const Refusal& refusal) noexcept {
  switch (refusal.code) {
    case Errc::io_error:
    case Errc::corrupt:
    case Errc::disk_full:
    case Errc::outcome_unknown:
      return "DB_ERROR";
    default:
      return refusal.status == 429 ? "RATE_LIMITED" : rest_code(refusal.status);
  }
}

class EvalGuardDialect final : public Dialect {
 public:
  DialectCode code() const noexcept override { return DialectCode::evalguard; }
  std::span<const Route> routes() const noexcept override { return kRoutes; }

  void refuse(const Refusal& refusal, const RequestView& request, Reply& reply) const override {
    reply.status = refusal.status;
    reply.body.clear();
    reply.retry_after_seconds = refusal.retry_after_seconds;
    if (refusal.status == 429) reply.retry_after_seconds = std::max(1, refusal.retry_after_seconds);
    evalguard::encode_error(error_code(refusal), refusal_sentence(refusal), request.request_id, reply.body);
  }
};

}  // namespace

const Dialect& evalguard_dialect() noexcept {
  static const EvalGuardDialect kDialect;
  return kDialect;
}

}  // namespace sluice
