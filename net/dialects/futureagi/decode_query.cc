#include <algorithm>
#include <charconv>

#include "engine/base/limits.h"
#include "net/dialect/rest_shape.h"
#include "net/dialects/futureagi/body_reader.h"
#include "net/dialects/futureagi/decode.h"
#include "net/dialects/futureagi/error_body.h"

namespace sluice::futureagi {
namespace {

constexpr Field kForSourceFields[] = {Field::source_type, Field::source_id, Field::label_id, Field::annotator_id};
constexpr Field kListFields[] = {Field::source_type, Field::source_id, Field::label_id, Field::annotator_id,
                                 Field::page,        Field::page_size, Field::cursor};
constexpr std::size_t kPageSizeDocumented = 20;
constexpr std::size_t kPageSizePublicServer = 10;

/// Values of a query's parameters; empty where there is none.
struct Parameters {
  std::string_view source_type, source_id, label_id, annotator_id, page, page_size, cursor;
  std::uint32_t seen = 0;
};

std::string_view* slot_of(Parameters& parameters, Field field) noexcept {
  switch (field) {
    case Field::source_type:
      return &parameters.source_type;
    case Field::source_id:
      return &parameters.source_id;
    case Field::label_id:
      return &parameters.label_id;
    case Field::annotator_id:
      return &parameters.annotator_id;
    case Field::page:
      return &parameters.page;
    case Field::page_size:
      return &parameters.page_size;
    case Field::cursor:
      return &parameters.cursor;
    default:
      return nullptr;
  }
}

/// The public code calls the size `limit`, its documentation `page_size`.
Field find_parameter(std::string_view name, std::span<const Field> allowed, bool& camel) noexcept {
  const bool has_size = std::find(allowed.begin(), allowed.end(), Field::page_size) != allowed.end();
  return has_size && name == "limit" ? Field::page_size : find_field(name, allowed, camel);
}

/// The last of a repeated parameter counts, as in the server's framework.
Parameters read_parameters(const Exchange& exchange, std::span<const Field> allowed, bool& camel, Problems& problems) {
  Parameters parameters;
  for (const QueryParam& param : exchange.query) {
    const Field field = find_parameter(param.name, allowed, camel);
    std::string_view* const slot = slot_of(parameters, field);
    if (slot == nullptr) {
      problems.add_unknown(shown(param.name));
      continue;
    }
    *slot = param.value;
    parameters.seen |= BodyReader::bit(field);
  }
  return parameters;
}

bool parse(Exchange& exchange, std::span<const Field> allowed, Parameters& parameters, Problems& problems) {
  if (!parse_query(exchange.request.query, exchange.query_storage, exchange.query).ok()) {
    write_plain_error(exchange.reply, 400, "parse_error", "The query string is malformed.");
    return false;
  }
  bool camel = false;
  parameters = read_parameters(exchange, allowed, camel, problems);
  if (camel) exchange.flags |= kCamel;
  return true;
}

bool refuse_fields(Exchange& exchange, Problems& problems) {
  write_field_errors(exchange.reply, problems.settled(), (exchange.flags & kCamel) != 0);
  return false;
}

/// What may be asked for: also the types of other dialects, whose scores on a source show here as well.
bool is_readable_type(std::string_view text) noexcept { return source_spelling(text) != SourceSpelling::other; }

void read_filters(Exchange& exchange, const Parameters& parameters, Problems& problems, bool& exists) {
  ScoreQuery& query = exchange.read.query;
  query.workspace = exchange.principal.workspace;
  if (!parameters.label_id.empty()) {
    const std::optional<Uuid> id = parse_any_uuid(parameters.label_id);
    const Label* const label = id ? exchange.catalogue->label_by_id(query.workspace, *id) : nullptr;
    if (!id) problems.add(Field::label_id, "invalid", "Must be a valid UUID.");
    if (label != nullptr) query.filter.labels.push_back(label->number);
    exists = exists && label != nullptr;
  }
  if (!parameters.annotator_id.empty()) {
    const std::optional<Uuid> id = parse_any_uuid(parameters.annotator_id);
    const Annotator* const annotator = id ? exchange.catalogue->annotator_by_id(query.workspace, *id) : nullptr;
    if (!id) problems.add(Field::annotator_id, "invalid", "Must be a valid UUID.");
    if (annotator != nullptr) query.filter.annotators.push_back(annotator->number);
    exists = exists && annotator != nullptr;
  }
}

void set_source(Exchange& exchange, const Parameters& parameters) {
  ScoreQuery& query = exchange.read.query;
  query.by = ScoreQuery::By::source;
  query.source.spelling = source_spelling(parameters.source_type);
  query.source.id = canonical(query.source.spelling) == SourceSpelling::span
                        ? parameters.source_id
                        : lower_if_uuid(exchange.arena, parameters.source_id);
}

/// 0 for anything that is no whole number from 1 to `max`.
std::size_t read_number(std::string_view text, std::size_t max) noexcept {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && value <= max ? value : 0;
}

}  // namespace

bool decode_for_source(Exchange& exchange, bool& exists) {
  Parameters parameters;
  Problems problems;
  exists = true;
  if (!parse(exchange, kForSourceFields, parameters, problems)) return false;
  if (parameters.source_type.empty()) {
    problems.add_required(Field::source_type);
  } else if (!is_readable_type(parameters.source_type)) {
    problems.add(Field::source_type, "invalid_choice", bad_choice_text(shown(parameters.source_type)));
  }
  if (parameters.source_id.empty()) problems.add_required(Field::source_id);
  read_filters(exchange, parameters, problems, exists);
  if (!problems.ok()) return refuse_fields(exchange, problems);
  set_source(exchange, parameters);
  const bool is_span = canonical(exchange.read.query.source.spelling) == SourceSpelling::span;
  if (exchange.options->futureagi_envelope && !is_span && !parse_any_uuid(parameters.source_id)) {
    write_plain_error(exchange.reply, 400, {}, "source_id must be a valid UUID.");
    return false;
  }
  return true;
}

bool decode_list(Exchange& exchange, bool& exists) {
  Parameters parameters;
  Problems problems;
  exists = true;
  if (!parse(exchange, kListFields, parameters, problems)) return false;
  read_filters(exchange, parameters, problems, exists);
  if (!parameters.source_type.empty() && !is_readable_type(parameters.source_type))
    problems.add(Field::source_type, "invalid_choice", bad_choice_text(shown(parameters.source_type)));
  ListPage page = list_page(exchange);
  if (page.page == 0) problems.add(Field::page, "invalid", "Invalid page.");
  if (page.size == 0)
    problems.add(Field::page_size, "invalid",
                 "A valid integer from 1 to " + std::to_string(limits::kPageLimit) + " is required.");
  const bool by_source = !parameters.source_type.empty() && !parameters.source_id.empty();
  if (!by_source && page.page > 1)
    problems.add(Field::page, "invalid", "Only the scores of one source have page numbers; follow `next` instead.");
  if (!problems.ok()) return refuse_fields(exchange, problems);
  ScoreQuery& query = exchange.read.query;
  if (by_source) {
    set_source(exchange, parameters);
    exchange.flags |= kBySource;
  } else {
    // An annotator's own list, where one was asked for: the workspace's may be read for long without a match.
    const std::vector<AnnotatorNumber>& annotators = query.filter.annotators;
    query.by = annotators.empty() ? ScoreQuery::By::workspace : ScoreQuery::By::annotator;
    query.annotator = annotators.empty() ? 0 : annotators.front();
    query.limit = page.size;
    query.cursor = parameters.cursor;
  }
  return true;
}

ListPage list_page(const Exchange& exchange) noexcept {
  constexpr std::size_t kPageMax = 1'000'000;
  ListPage page;
  page.size = exchange.options->futureagi_envelope ? kPageSizePublicServer : kPageSizeDocumented;
  bool camel = false;
  for (const QueryParam& param : exchange.query) {
    const Field field = find_parameter(param.name, kListFields, camel);
    if (field == Field::page) page.page = read_number(param.value, kPageMax);
    if (field == Field::page_size) page.size = read_number(param.value, limits::kPageLimit);
  }
  return page;
}

bool read_path_id(Exchange& exchange) {
  const std::optional<Uuid> id =
      exchange.request.params.empty() ? std::nullopt : parse_any_uuid(exchange.request.params.front());
  if (id) exchange.uuid = *id;
  return id.has_value();
}

}  // namespace sluice::futureagi
