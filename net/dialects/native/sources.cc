#include "engine/base/limits.h"
#include "net/dialect/dialect.h"
#include "net/dialect/json_cursor.h"
#include "net/dialect/json_writer.h"
#include "net/dialects/native/native_dialect.h"
#include "net/dialects/native/parameters.h"
#include "net/dialects/native/post_scores.h"
#include "net/dialects/native/replies.h"
#include "net/dialects/native/score_item.h"

namespace sluice::native {
namespace {

Errc decode_list(Exchange& exchange, const JsonDocument& document, JsonValue& list) {
  return list.array([&](std::size_t index, JsonValue& element) -> Errc {
    if (index >= limits::kItems) return Errc::too_many_items;
    exchange.items = static_cast<std::uint32_t>(index) + 1;
    return decode_source_item(exchange, document, exchange.items - 1, element);
  });
}

std::optional<Refusal> decode(Exchange& exchange) {
  const std::string_view body(exchange.request.body.data(), exchange.request.body.size());
  JsonDocument document(*exchange.json, exchange.arena);
  bool found = false;
  std::string_view stray;
  const Errc code = document.parse(body, [&](JsonValue& root) {
    return root.object([&](std::string_view key, JsonValue& value) -> Errc {
      if (key != "sources") {
        stray = key;
        return Errc::unknown_field;
      }
      found = true;
      return decode_list(exchange, document, value);
    });
  });
  if (document.broken()) return refuse_document(document, code, body);
  if (code == Errc::unknown_field)
    return refusal(code,
                   "'" + std::string(stray) +
                       "' does not belong here; the body is {\"sources\": [{\"type\", \"id\", \"parent_id\"?}]}.",
                   stray);
  if (code == Errc::wrong_type || code == Errc::field_null || (code == Errc::ok && !found))
    return refusal(found ? code : Errc::field_missing, "The body must be {\"sources\": [...]}, a list of sources.",
                   "sources");
  if (code == Errc::too_many_items)
    return refusal(
        code, "A request may hold at most " + std::to_string(limits::kItems) + " sources; send the rest in another.");
  if (code != Errc::ok) return refuse_document(document, code, body);
  return {};
}

Next answer(Exchange& exchange) {
  std::string& out = exchange.reply.body;
  std::string errors, message;
  std::size_t rejected = 0;
  const auto list = [&](std::uint32_t item, Errc code, std::string_view field) {
    if (++rejected > limits::kListedErrors) return;
    if (!errors.empty()) errors += ',';
    append_item_error(errors, item, code, field, message);
  };
  for (const ItemError& error : exchange.item_errors) {
    describe_item_error(error, message);
    list(error.item, error.code, error.field);
  }
  std::size_t registered = 0;
  for (std::size_t i = 0; i < exchange.batch.outcomes.size(); ++i) {
    const RecordOutcome& outcome = exchange.batch.outcomes[i];
    if (outcome.stored()) {
      ++registered;
      continue;
    }
    message = default_message(outcome.code);
    list(exchange.batch.records[i].item, outcome.code, {});
  }
  out += "{\"registered\":";
  append_json_uint(out, registered);
  out += ",\"rejected\":";
  append_json_uint(out, rejected);
  out += ",\"results\":[";
  out += errors;
  out += "]}";
  exchange.reply.status = rejected == 0 ? 200 : registered == 0 ? 400 : 207;
  return Next::reply;
}

class PostSources final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    const WorkspaceNumber workspace = parameters.workspace();
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    if (const auto refused = decode(exchange)) return refuse(exchange, *refused);
    exchange.principal.workspace = workspace;  // The operator's has none of its own.
    exchange.batch.principal = exchange.principal;
    exchange.batch.dialect = DialectCode::native;
    return exchange.batch.records.empty() ? answer(exchange) : Next::write;
  }
  Next resume(Exchange& exchange) const override {
    return exchange.batch.status == Errc::ok ? answer(exchange) : refuse_batch(exchange);
  }
};

class GetSource final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {"source_type", "source_id"});
    ScoreQuery& query = exchange.read.query;
    query.by = ScoreQuery::By::source_exists;
    query.workspace = parameters.workspace();
    query.sources.push_back(read_source(parameters));
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    return Next::read;
  }
  Next resume(Exchange& exchange) const override {
    if (exchange.read.status != Errc::ok) return refuse(exchange, exchange.read.status);
    const SourceRef& source = exchange.read.query.sources.front();
    std::string& out = exchange.reply.body;
    out += '{';
    append_json_field(out, "source_type", source.type());
    append_json_field(out, "source_id", source.id);
    append_json_key(out, "registered");
    out += !exchange.read.exists.empty() && exchange.read.exists.front() ? "true}" : "false}";
    return Next::reply;
  }
};

}  // namespace

const Endpoint& post_sources() noexcept {
  static const PostSources kEndpoint;
  return kEndpoint;
}
const Endpoint& get_source() noexcept {
  static const GetSource kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::native
