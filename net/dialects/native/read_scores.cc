#include "net/dialect/dialect.h"
#include "net/dialect/json_writer.h"
#include "net/dialects/native/native_dialect.h"
#include "net/dialects/native/parameters.h"
#include "net/dialects/native/replies.h"

namespace sluice::native {
namespace {

/// Parameters every listing takes: they only narrow it.
void read_filter(Exchange& exchange, Parameters& parameters, WorkspaceNumber workspace) {
  ScoreQuery& query = exchange.read.query;
  ScoreFilter& filter = query.filter;
  filter.inserted_from = parameters.time("inserted_from");
  filter.inserted_to = parameters.time("inserted_to");
  filter.event_from = parameters.time("event_from");
  filter.event_to = parameters.time("event_to");
  query.limit = parameters.limit();
  query.cursor = parameters.text("cursor");
  filter.client_id = parameters.text("client_id");
  if (parameters.has("client_id") && filter.client_id.empty())
    parameters.refuse(Errc::parameter_out_of_range, "client_id", "client_id must not be empty.");
  if (const auto label_id = parameters.uuid("label_id")) {
    const Label* const label = exchange.catalogue->label_by_id(workspace, *label_id);
    if (label == nullptr) {
      parameters.refuse(Errc::label_not_found, "label_id",
                        "No label " + to_text(*label_id) + " exists in this workspace.");
    } else {
      filter.labels.push_back(label->number);
    }
  }
}

const Annotator* find_annotator(Exchange& exchange, Parameters& parameters, WorkspaceNumber workspace, const Uuid& id) {
  const Annotator* const annotator = exchange.catalogue->annotator_by_id(workspace, id);
  if (annotator == nullptr)
    parameters.refuse(Errc::not_found, "annotator_id", "No annotator " + to_text(id) + " exists in this workspace.");
  return annotator;
}

Next read_failed(Exchange& exchange) {
  switch (exchange.read.status) {
    case Errc::not_found:
    case Errc::score_not_found:
      return refuse(exchange, Errc::score_not_found, "No score has this id in this workspace.");
    case Errc::bad_cursor:
      return refuse(exchange, Errc::bad_cursor,
                    "The cursor does not belong to this query; take next_cursor of the page before, "
                    "with the same parameters.",
                    "cursor");
    default:
      return refuse(exchange, exchange.read.status);
  }
}

Next list_page(Exchange& exchange) {
  if (exchange.read.status != Errc::ok) return read_failed(exchange);
  std::string& out = exchange.reply.body;
  out += "{\"scores\":[";
  for (const Score& score : exchange.read.page.scores) {
    if (out.back() != '[') out += ',';
    append_score(out, score, *exchange.catalogue);
  }
  out += ']';
  append_text_or_null(out, "next_cursor", exchange.read.page.next_cursor);
  out += '}';
  return Next::reply;
}

class ListScores final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(
        exchange, {"source_type", "source_id", "label_id", "annotator_id", "client_id", "inserted_from", "inserted_to",
                   "event_from", "event_to", "include_children", "order", "limit", "cursor"});
    const WorkspaceNumber workspace = parameters.workspace();
    ScoreQuery& query = exchange.read.query;
    query.workspace = workspace;
    read_filter(exchange, parameters, workspace);
    const std::string_view order = parameters.choice("order", {"newest", "oldest", "desc", "asc"});
    query.newest_first = order == "newest" || order == "desc";
    query.include_children = parameters.flag("include_children");
    const Annotator* annotator = nullptr;
    if (const auto id = parameters.uuid("annotator_id"))
      annotator = find_annotator(exchange, parameters, workspace, *id);

    if (parameters.has("source_type") || parameters.has("source_id")) {
      query.by = ScoreQuery::By::source;
      query.source = read_source(parameters);
    } else if (parameters.has("client_id")) {
      query.by = ScoreQuery::By::client_id;
    } else {
      query.by = annotator != nullptr ? ScoreQuery::By::annotator : ScoreQuery::By::workspace;
      query.annotator = annotator != nullptr ? annotator->number : 0;
      if (!query.newest_first)
        parameters.refuse(Errc::parameter_out_of_range, "order",
                          "order=oldest needs a source (source_type and source_id) or a client_id; "
                          "longer listings are newest first.");
    }
    if (query.include_children && query.by != ScoreQuery::By::source)
      parameters.refuse(Errc::parameter_out_of_range, "include_children",
                        "include_children needs source_type and source_id.");
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    if (annotator != nullptr && query.by != ScoreQuery::By::annotator)
      query.filter.annotators.push_back(annotator->number);
    return Next::read;
  }
  Next resume(Exchange& exchange) const override { return list_page(exchange); }
};

class ListAnnotatorScores final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {"label_id", "client_id", "inserted_from", "inserted_to", "event_from", "event_to",
                                     "limit", "cursor"});
    const WorkspaceNumber workspace = parameters.workspace();
    const std::optional<Uuid> id = path_uuid(exchange);
    if (!id) parameters.refuse(Errc::bad_uuid, "annotator_id", "The annotator's id in the path must be a UUID.");
    ScoreQuery& query = exchange.read.query;
    query.by = ScoreQuery::By::annotator;
    query.workspace = workspace;
    read_filter(exchange, parameters, workspace);
    const Annotator* const annotator = id ? find_annotator(exchange, parameters, workspace, *id) : nullptr;
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    query.annotator = annotator->number;
    return Next::read;
  }
  Next resume(Exchange& exchange) const override { return list_page(exchange); }
};

/// The read that both verbs on one score begin with.
Next read_one(Exchange& exchange) {
  Parameters parameters(exchange, {});
  const WorkspaceNumber workspace = parameters.workspace();
  const std::optional<Uuid> id = path_uuid(exchange);
  if (!id) parameters.refuse(Errc::bad_uuid, "id", "The score's id in the path must be a UUID.");
  if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
  exchange.read.query.by = ScoreQuery::By::score_id;
  exchange.read.query.workspace = workspace;
  exchange.read.query.score_id = *id;
  return Next::read;
}

class GetScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override { return read_one(exchange); }
  Next resume(Exchange& exchange) const override {
    if (exchange.read.status != Errc::ok || exchange.read.page.scores.empty()) {
      if (exchange.read.status == Errc::ok) exchange.read.status = Errc::not_found;
      return read_failed(exchange);
    }
    append_score(exchange.reply.body, exchange.read.page.scores.front(), *exchange.catalogue);
    return Next::reply;
  }
};

class DeleteScore final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override { return read_one(exchange); }
  Next resume(Exchange& exchange) const override { return exchange.step++ == 0 ? erase(exchange) : erased(exchange); }

 private:
  static Next erase(Exchange& exchange) {
    if (exchange.read.status == Errc::ok && exchange.read.page.scores.empty()) exchange.read.status = Errc::not_found;
    if (exchange.read.status != Errc::ok) return read_failed(exchange);
    const Score& score = exchange.read.page.scores.front();
    const Row& row = score.row;
    Principal& who = exchange.principal;
    if (row.annotator != who.annotator && !who.may(kManage))
      return refuse(exchange, Errc::not_annotator,
                    "Only the score's annotator, or a key with the scope manage, may delete it.");
    exchange.uuid = score.id;
    who.workspace = exchange.read.query.workspace;  // The operator's has none of its own.
    exchange.batch.principal = who;
    exchange.batch.dialect = DialectCode::native;
    // Borrows from the page, which stays until the exchange is reset.
    ScoreRecord& record = exchange.batch.records.emplace_back();
    record.kind = EventKind::erase;
    record.identity = score.identity.kind;
    record.target = score.identity;
    record.parent_in_identity = row.parent_in_identity;
    record.source = row.source;
    record.parent = row.parent;
    record.label.kind = LabelRef::Kind::number;
    record.label.number = row.label;
    record.annotator = row.annotator;
    record.client_id = row.client_id;
    record.queue_item = row.queue_item;
    return Next::write;
  }

  static Next erased(Exchange& exchange) {
    if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
    const Errc code = exchange.batch.outcomes.front().code;
    if (code != Errc::ok) return refuse(exchange, code);
    exchange.reply.body += "{\"deleted\":true,\"id\":";
    append_json_uuid(exchange.reply.body, exchange.uuid);
    exchange.reply.body += '}';
    return Next::reply;
  }
};

}  // namespace

const Endpoint& list_scores() noexcept {
  static const ListScores kEndpoint;
  return kEndpoint;
}
const Endpoint& list_annotator_scores() noexcept {
  static const ListAnnotatorScores kEndpoint;
  return kEndpoint;
}
const Endpoint& get_score() noexcept {
  static const GetScore kEndpoint;
  return kEndpoint;
}
const Endpoint& delete_score() noexcept {
  static const DeleteScore kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::native
