#include "net/dialect/fuzz_world.h"

#include <array>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/model/catalogue_codec.h"
#include "net/dialect/labels_for_test.h"

namespace sluice {
namespace {

constexpr WallTime kCreated = TestCatalogue::kCreated;

constexpr const char* kAnnotator = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

Uuid id_of(const char* text) { return parse_canonical_uuid(text).value(); }

/// Records and not changes, because those draw their ids.
std::vector<CatalogueEntry> catalogue_entries() {
  std::vector<CatalogueEntry> entries;
  Workspace workspace;
  workspace.number = 1;
  workspace.id = id_of("77777777-7777-4777-8777-777777777777");
  workspace.name = "main";
  workspace.created_at = kCreated;
  entries.push_back(encode(workspace));
  for (std::uint32_t number = 1; number <= 2; ++number) {
    Annotator annotator;
    annotator.number = number;
    annotator.id = id_of(kAnnotator);
    annotator.id.bytes.back() = static_cast<std::uint8_t>(annotator.id.bytes.back() + number - 1);
    annotator.workspace = 1;
    annotator.name = number == 1 ? "Ada" : "Bob";
    annotator.email = number == 1 ? "ada@example.com" : "";
    annotator.created_at = kCreated;
    entries.push_back(encode(annotator));
    ApiKey key;
    key.number = number;
    key.id = number == 1 ? "slowner" : "slother";
    key.name = annotator.name;
    key.workspace = 1;
    key.annotator = number;
    key.scopes = number == 1 ? FuzzWorld::owner().scopes : FuzzWorld::other().scopes;
    key.created_at = kCreated;
    entries.push_back(encode(key));
  }
  LabelNumber next = 1;
  for (const FixtureLabel& fixture : kFixtureLabels) {
    Label label;
    label.number = next++;
    label.id = id_of(fixture.id);
    label.workspace = 1;
    label.type = fixture.type;
    label.name = fixture.name;
    label.settings_json = fixture.settings;
    label.rules = rules_of(fixture);
    label.allow_notes = true;
    label.archived = fixture.archived;
    label.created_at = label.updated_at = kCreated;
    entries.push_back(encode(label));
  }
  return entries;
}

Catalogue& loaded(Catalogue& catalogue) {
  static const std::vector<CatalogueEntry> entries = catalogue_entries();
  for (const CatalogueEntry& entry : entries) SLUICE_CHECK(catalogue.load(entry.key, entry.value).ok());
  return catalogue;
}

ValueInput number(std::string_view token) {
  ValueInput value;
  value.kind = ValueInput::Kind::number;
  value.text = token;
  return value;
}

ValueInput text(std::string_view value_text) {
  ValueInput value;
  value.kind = ValueInput::Kind::text;
  value.text = value_text;
  return value;
}

}  // namespace

FuzzWorld::FuzzWorld() : engine_(loaded(catalogue_), log_) { store_samples(); }

void FuzzWorld::store_samples() {
  TestBatch samples(owner());
  const auto add = [&samples](const char* label, const ValueInput& value) -> ScoreRecord& {
    ScoreRecord& record = samples.batch.records.emplace_back();
    record.item = static_cast<std::uint32_t>(samples.batch.records.size() - 1);
    record.identity = IdentityKind::natural;
    record.source = {SourceSpelling::trace, {}, "t1"};
    record.label.kind = LabelRef::Kind::name;
    record.label.name = label;
    record.value = value;
    return record;
  };
  add("accuracy", number("0.5"));
  add("accuracy", number("0.75")).verdict = "pass";  // The older one becomes history.
  add("stars", number("4")).queue_item = "q1";
  add("thumb", text("up")).event_time = kCreated;
  add("quality", text("Good")).metadata = R"({"model":"m","run":[1,2]})";
  ScoreRecord& comment = add("comment", text("fine \"so far\"\n"));
  comment.identity = IdentityKind::client_id;
  comment.client_id = "c1";
  comment.notes = "notes";
  comment.has_notes = true;
  ScoreRecord& span = add("accuracy", number("1"));
  span.source = {SourceSpelling::span, {}, "s1"};
  span.parent = {SourceSpelling::trace, {}, "t1"};
  span.identity = IdentityKind::positional;
  ScoreRecord& evaluated = add("e1", number("0.25"));
  evaluated.label.kind = LabelRef::Kind::evaluator;
  evaluated.score_source = "evaluator";
  engine_.run(samples.batch);
  SLUICE_CHECK(samples.batch.status == Errc::ok);
  for (const RecordOutcome& outcome : samples.batch.outcomes) SLUICE_CHECK(outcome.stored());
}

const std::vector<std::string>& FuzzWorld::names() {
  // Of the first world: every other is the same.
  static const std::vector<std::string> names = [this] {
    std::vector<std::string> made;
    for (const FixtureLabel& label : kFixtureLabels) made.emplace_back(label.id);
    for (const char* const name : {kAnnotator, "slother", "main"}) made.emplace_back(name);
    SLUICE_CHECK(made.size() == kFirstScore);
    ReadRequest request;
    request.query.by = ScoreQuery::By::workspace;
    request.query.workspace = 1;
    request.query.limit = limits::kPageLimit;
    reader_.run(request);
    SLUICE_CHECK(request.status == Errc::ok && !request.page.scores.empty());
    for (const Score& score : request.page.scores) made.push_back(to_text(score.id));
    return made;
  }();
  return names;
}

void FuzzWorld::write(Exchange& exchange) {
  engine_.run(exchange.batch);
  exchange.catalogue = snapshot();
}

void FuzzWorld::read(Exchange& exchange) {
  reader_.run(exchange.read);
  exchange.catalogue = snapshot();
}

void FuzzWorld::change(Exchange& exchange) {
  exchange.changed = catalogue_.apply(exchange.change, exchange.now);
  if (!exchange.changed.ok()) return;
  exchange.batch.principal = exchange.principal;
  write(exchange);  // The barrier behind it.
}

}  // namespace sluice
