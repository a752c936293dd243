#include "tests/dialects/case_server.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <regex>
#include <stdexcept>

#include "engine/base/limits.h"
#include "engine/ingest/ingest_engine.h"
#include "engine/ingest/memory_log.h"
#include "engine/read/score_reader.h"
#include "net/dialect/dialect.h"
#include "net/dialect/json_reader.h"
#include "net/dialect/labels_for_test.h"
#include "net/dialects/registry.h"
#include "tests/dialects/case_text.h"
#include "tests/dialects/describe_record.h"

namespace sluice::cases {
namespace {

constexpr KeyedHash::Key kHashKey{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

class WaitingCompletion final : public Completion {
 public:
  void deliver(std::size_t, std::span<Batch* const> batches) noexcept override {
    const std::lock_guard lock(mutex_);
    delivered_ += batches.size();
    changed_.notify_all();
  }
  void deliver(std::size_t, ReadRequest*) noexcept override {}
  void fatal(const char*) noexcept override {}
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return delivered_ > 0; });
    --delivered_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t delivered_ = 0;
};

Method method_of(std::string_view name) {
  for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::del})
    if (to_string(method) == name) return method;
  throw std::runtime_error("no such method: " + std::string(name));
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string_view>& params) {
  params.clear();
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  while (pattern.size() > 1 && pattern.back() == '/') pattern.remove_suffix(1);
  while (!pattern.empty() && !path.empty()) {
    const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t path_end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = pattern.substr(0, pattern_end);
    if (segment.starts_with("/{")) {
      params.push_back(path.substr(1, path_end - 1));
    } else if (segment != path.substr(0, path_end)) {
      return false;
    }
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
  return pattern.empty() && path.empty();
}

}  // namespace

struct CaseServer::State {
  explicit State(const std::vector<std::string>& settings)
      : keys(kHashKey), key_maker({}), log(keys), engine({}, keys, catalogue, log, completion), reader(keys, log) {
    engine.start({});
    bool strict = false;
    for (const std::string& word : settings) {
      if (word == "strict")
        strict = true;
      else if (word == "envelope")
        options.futureagi_envelope = true;
      else if (word == "admin")
        admin = true;
      else if (word == "crowded")
        crowded = true;
      else if (word.starts_with("scopes="))
        scopes = word.substr(7);
      else
        throw std::runtime_error("no such setting: " + word);
    }
    make_key("case", kAnnotator, "Ada", "ada@example.com", strict);
    principal = catalogue.snapshot()->key("slcase0000000")->principal();
    if (!scopes.empty()) {
      principal.scopes = 0;
      for (const auto& [name, scope] : {std::pair{"ingest", kIngest}, {"read", kRead}, {"manage", kManage}})
        if (scopes.find(name) != std::string::npos)
          principal.scopes = static_cast<std::uint8_t>(principal.scopes | scope);
    }
    for (const FixtureLabel& label : kFixtureLabels) make_label(label);
    if (admin) principal = {0, 0, 0, kIngest | kRead | kManage | kAdmin};
  }
  ~State() { engine.stop(); }

  CatalogueResult apply(const CatalogueChange& change) {
    Result<CatalogueResult> result = catalogue.apply(change, wall_now());
    if (!result) throw std::runtime_error("a fixture was refused: " + std::string(to_string(result.error().code)));
    return std::move(*result);
  }

  void make_key(const std::string& workspace, std::string_view annotator, const char* name, const char* email,
                bool strict) {
    CreateKey key;
    key.workspace_name = workspace;
    key.strict_sources = strict;
    key.key_id = "slcase0000000";
    key.name = "case";
    key.annotator_name = name;
    key.annotator_email = email;
    key.annotator_id = parse_canonical_uuid(annotator);
    key.scopes = kIngest | kRead | kManage;
    (void)apply(key);
    key.key_id = "slwriter00000";  // Writes, and may not manage; a third annotator.
    key.annotator_name = "Eve";
    key.annotator_email = "eve@example.com";
    key.annotator_id = parse_canonical_uuid("cccccccc-cccc-4ccc-8ccc-cccccccccccc");
    key.scopes = kIngest | kRead;
    (void)apply(key);
    key.scopes = kIngest | kRead | kManage;
    key.key_id = "slother000000";
    key.annotator_name = "Bob";
    key.annotator_email = "bob@example.com";
    key.annotator_id = parse_canonical_uuid(kOtherAnnotator);
    (void)apply(key);
  }

  void make_label(const FixtureLabel& label) {
    CreateLabel create;
    create.workspace = principal.workspace;
    create.type = label.type;
    create.name = label.name;
    create.settings_json = label.settings;
    create.rules = rules_of(label);
    create.allow_notes = true;
    const CatalogueResult made = apply(create);
    aliases.emplace_back(label.id, to_text(made.label->id));
    if (!label.archived) return;
    UpdateLabel archive;
    archive.workspace = principal.workspace;
    archive.id = made.label->id;
    archive.archived = true;
    (void)apply(archive);
  }

  KeyedHash keys;
  KeyMaker key_maker;
  Catalogue catalogue;
  MemoryLog log;
  WaitingCompletion completion;
  IngestEngine engine;
  ScoreReader reader;
  JsonParser parser;
  DialectOptions options;
  Principal principal;
  bool admin = false;
  bool crowded = false;  // No room for long answers.
  std::string scopes;
  std::vector<std::pair<std::string, std::string>> aliases;  // As the case has it, as the catalogue has it.
  std::string last_id;                                       // The last random id of a reply: {id} in a request.
  std::string last_score;                                    // The last id of a score in a reply: {score}.
};

CaseServer::CaseServer(const std::vector<std::string>& settings) : state_(std::make_unique<State>(settings)) {}
CaseServer::~CaseServer() = default;

void CaseServer::run(ExchangeText& text) {
  State& s = *state_;
  std::vector<std::string> lines = text.request;
  for (std::string& line : lines) {
    for (const auto& [alias, actual] : s.aliases) replace_all(line, alias, actual);
    if (!s.last_id.empty()) replace_all(line, "{id}", s.last_id);
    if (!s.last_score.empty()) replace_all(line, "{score}", s.last_score);
    expand(line);
  }
  const RequestText request = read_request(lines);
  // Exactly the promised bytes behind the body, so that the sanitizer sees a read beyond them.
  const auto body = std::make_unique<char[]>(request.body.size() + limits::kPadding);
  std::memcpy(body.get(), request.body.data(), request.body.size());

  Exchange exchange;
  exchange.request.method = method_of(request.method);
  exchange.request.path = request.path;
  exchange.request.query = request.query;
  exchange.request.content_type = request.content_type;
  exchange.request.idempotency_key = request.idempotency_key;
  exchange.request.host = "scores.example";
  exchange.request.request_id = "req-1";
  exchange.request.body = {body.get(), request.body.size()};
  exchange.principal = s.principal;
  if (!request.as.empty()) exchange.principal = s.catalogue.snapshot()->key(request.as)->principal();
  exchange.catalogue = s.catalogue.snapshot();
  exchange.keys = &s.keys;
  exchange.key_maker = &s.key_maker;
  exchange.options = &s.options;
  exchange.json = &s.parser;
  exchange.now = wall_now();

  text.canonical.clear();
  text.reply.clear();
  const Dialect* dialect = nullptr;
  const Route* route = nullptr;
  for (const Dialect* const each : dialects())
    for (const Route& candidate : each->routes())
      if (route == nullptr && candidate.method == exchange.request.method && (!candidate.admin || s.admin) &&
          matches(candidate.pattern, exchange.request.path, exchange.request.params)) {
        dialect = each;
        route = &candidate;
      }
  if (route == nullptr) {
    text.reply = {"(no route)"};
    return;
  }
  exchange.batch.principal = exchange.principal;
  exchange.batch.dialect = dialect->code();

  const auto canonical = [&](const std::string& line) { text.canonical.push_back(masked(line, s.aliases, s.last_id)); };
  const auto submit = [&] {
    Batch& batch = exchange.batch;
    batch.principal = exchange.principal.workspace == 0 ? batch.principal : exchange.principal;
    if (!exchange.request.idempotency_key.empty() && !batch.records.empty())
      batch.idempotency =
          IdempotencyRequest{s.keys.hash128(batch.principal.key, std::string(route->pattern) + request.idempotency_key),
                             s.keys.hash128(1, request.line + request.body)};
    const Workspace* const workspace = exchange.catalogue->workspace(batch.principal.workspace);
    if (workspace != nullptr && workspace->strict_sources) {
      for (ScoreRecord& record : batch.records) {
        if (record.kind != EventKind::set) continue;
        ReadRequest check;
        check.query.by = ScoreQuery::By::source_exists;
        check.query.workspace = batch.principal.workspace;
        check.query.sources.push_back(record.source);
        check.query.parents.push_back(record.parent_in_identity ? record.parent : SourceRef{});
        s.reader.run(check);
        if (!check.exists.front()) record.precheck = Errc::source_not_found;
      }
    }
    for (const ScoreRecord& record : batch.records) canonical(describe_record(record));
    if (s.engine.submit(batch) != IngestEngine::Admission::accepted)
      throw std::runtime_error("the engine took no batch");
    s.completion.wait();
    for (std::size_t i = 0; i < batch.outcomes.size(); ++i)
      if (!batch.outcomes[i].stored())
        canonical("reject " + std::to_string(batch.records[i].item) + ' ' +
                  std::string(to_string(batch.outcomes[i].code)));
    exchange.catalogue = s.catalogue.snapshot();
  };

  if (!exchange.principal.may(route->scope)) {
    dialect->refuse({403, Errc::forbidden, std::string(default_message(Errc::forbidden)), {}, 0}, exchange.request,
                    exchange.reply);
  } else {
    Next next = route->endpoint->start(exchange);
    for (const ItemError& error : exchange.item_errors)
      canonical("reject " + std::to_string(error.item) + ' ' + std::string(to_string(error.code)) +
                (error.field.empty() ? "" : ' ' + std::string(error.field)));
    for (int step = 0; next != Next::reply; ++step) {
      if (step == 100) throw std::runtime_error("the endpoint never replies");
      if (next == Next::read) {
        s.reader.run(exchange.read);
      } else if (next == Next::write) {
        submit();
      } else {
        exchange.changed = s.catalogue.apply(exchange.change, exchange.now);
        if (exchange.changed.ok()) {
          exchange.catalogue = exchange.changed->snapshot;
          submit();
        }
      }
      next = route->endpoint->resume(exchange);
    }
    if (s.crowded) route->endpoint->shorten(exchange);
  }
  text.reply.push_back(std::to_string(exchange.reply.status));
  if (exchange.reply.retry_after_seconds > 0)
    text.reply.push_back("Retry-After: " + std::to_string(exchange.reply.retry_after_seconds));
  if (!exchange.reply.extra_header.empty()) text.reply.emplace_back(exchange.reply.extra_header);
  static const std::regex score_id("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::smatch found;
  if (std::regex_search(exchange.reply.body, found, score_id)) s.last_score = found.str();
  if (!exchange.reply.body.empty()) text.reply.push_back(masked(exchange.reply.body, s.aliases, s.last_id));
}

}  // namespace sluice::cases
