#include "net/dialect/rest_shape.h"

#include "net/dialect/dialect.h"

namespace sluice {

std::string_view rest_code(int status) noexcept {
  switch (status) {
    case 401:
      return "UNAUTHORIZED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT_FOUND";
    case 405:
      return "METHOD_NOT_ALLOWED";
    case 409:
      return "CONFLICT";
    case 413:
      return "PAYLOAD_TOO_LARGE";
    case 415:
      return "UNSUPPORTED_MEDIA_TYPE";
    case 429:
      return "RATE_LIMIT_EXCEEDED";
    case 503:
      return "SERVICE_UNAVAILABLE";
    case 507:
      return "INSUFFICIENT_STORAGE";
    default:
      return status < 500 ? "VALIDATION_ERROR" : "INTERNAL_ERROR";
  }
}

std::string refusal_sentence(const Refusal& refusal) {
  const std::string_view text = refusal.message.empty() ? default_message(refusal.code) : refusal.message;
  if (refusal.field.empty() || text.find(refusal.field) != std::string_view::npos) return std::string(text);
  std::string sentence(refusal.field);
  sentence.append(": ").append(text);
  return sentence;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out(text.substr(0, kShown));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  if (text.size() > kShown) out.append("...");
  return out;
}

std::optional<Refusal> refusal_without_annotator(const Principal& principal) {
  if (principal.annotator != 0) return std::nullopt;
  Refusal refusal = refusal_of(Errc::forbidden);
  refusal.message = "Scores need an annotator: send them with an API key.";
  return refusal;
}

Refusal refusal_of(Errc code) {
  Refusal refusal;
  refusal.status = default_status(code);
  refusal.code = code;
  refusal.message = default_message(code);
  if (refusal.status == 429) refusal.retry_after_seconds = 1;
  return refusal;
}

Uuid stored_score_id(const KeyedHash& keys, const Batch& batch, const ScoreRecord& record,
                     const RecordOutcome& outcome) {
  RowContext context;
  context.workspace = batch.principal.workspace;
  context.annotator = batch.principal.annotator;
  context.dialect = batch.dialect;
  context.label = outcome.label;
  if (batch.idempotency) context.idempotency = batch.idempotency->key;
  const Position own{outcome.block, outcome.slot};
  const std::uint64_t source = source_hash(keys, batch.principal.workspace, record.source);
  return score_id(keys, source, identity_of(record, context, own, 0));
}

}  // namespace sluice
