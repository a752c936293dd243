#include "net/dialects/native/post_scores.h"

#include "engine/base/limits.h"
#include "net/dialect/dialect.h"
#include "net/dialect/json_writer.h"
#include "net/dialect/rest_shape.h"
#include "net/dialects/native/native_dialect.h"
#include "net/dialects/native/parameters.h"
#include "net/dialects/native/replies.h"

namespace sluice::native {
namespace {

enum Flag : std::uint32_t { kErrorsOnly = 1, kDryRun = 2, kAtomic = 4, kAnswered = 8, kShort = 16 };

/// Walks all items in order: those the decoder refused and those the engine answered.
class Results {
 public:
  explicit Results(Exchange& exchange) : exchange_(exchange), out_(exchange.reply.body) {}

  void write() {
    const Batch& batch = exchange_.batch;
    std::size_t error = 0;
    for (std::size_t i = 0; i < batch.records.size() || error < exchange_.item_errors.size();) {
      const bool decoder = error < exchange_.item_errors.size() &&
                           (i == batch.records.size() || exchange_.item_errors[error].item < batch.records[i].item);
      if (decoder) {
        decoder_error(exchange_.item_errors[error++]);
      } else {
        engine_outcome(batch.records[i], batch.outcomes.empty() ? kUntouched : batch.outcomes[i]);
        ++i;
      }
    }
  }

  [[nodiscard]] std::size_t good() const noexcept { return good_; }
  [[nodiscard]] std::size_t bad() const noexcept { return bad_; }
  [[nodiscard]] bool cut() const noexcept { return bad_ > listed_bad_ || is_short(); }

 private:
  // A request whose every item is bad is never submitted; its good ones do not exist. Atomic ones fail with their
  // siblings.
  static constexpr RecordOutcome kUntouched{Errc::atomic_sibling, 0, 0, 0};

  [[nodiscard]] bool is_short() const noexcept { return (exchange_.flags & kShort) != 0; }
  [[nodiscard]] bool errors_only() const noexcept { return (exchange_.flags & kErrorsOnly) != 0; }

  void comma() {
    if (out_.back() != '[') out_ += ',';
  }

  bool list_error() {
    ++bad_;
    if (errors_only() && listed_bad_ == limits::kListedErrors) return false;
    if (is_short() && out_.size() >= limits::kShortReplyBytes) return false;
    ++listed_bad_;
    comma();
    return true;
  }

  void decoder_error(const ItemError& error) {
    if (!list_error()) return;
    describe_item_error(error, message_);
    append_item_error(out_, error.item, error.code, error.field, message_);
  }

  void engine_outcome(const ScoreRecord& record, const RecordOutcome& outcome) {
    // Where one item of an atomic request is bad, the good ones are not stored either.
    if (outcome.stored() && !atomic_failed()) {
      ++good_;
      if (errors_only()) return;
      comma();
      if ((exchange_.flags & kDryRun) != 0) {
        out_ += "{\"index\":";
        append_json_uint(out_, record.item);
        out_ += ",\"code\":\"ok\"}";
      } else {
        out_ += "{\"id\":";
        append_json_uuid(out_, stored_score_id(*exchange_.keys, exchange_.batch, record, outcome));
        out_ += '}';
      }
      return;
    }
    if (!list_error()) return;
    RecordOutcome shown = outcome;
    if (outcome.stored()) shown.code = Errc::atomic_sibling;
    std::string_view field;
    describe_outcome(record, shown, *exchange_.catalogue, message_, field);
    append_item_error(out_, record.item, shown.code, field, message_);
  }

  [[nodiscard]] bool atomic_failed() const noexcept {
    return (exchange_.flags & kAtomic) != 0 && !exchange_.item_errors.empty();
  }

  Exchange& exchange_;
  std::string& out_;
  std::string message_;
  std::size_t good_ = 0;
  std::size_t bad_ = 0;
  std::size_t listed_bad_ = 0;
};

Next answer(Exchange& exchange) {
  // The counts stand before the results but are known after them: room for both numbers is left and closed up.
  std::string& out = exchange.reply.body;
  out.clear();
  out += "{\"results\":[";
  Results results(exchange);
  results.write();
  out += ']';
  if (results.cut()) out += ",\"results_cut\":true";
  out += '}';
  const bool dry_run = (exchange.flags & kDryRun) != 0;
  std::string head = "{\"stored\":" + std::to_string(dry_run ? 0 : results.good());
  if (dry_run) head += ",\"valid\":" + std::to_string(results.good());
  head += ",\"rejected\":" + std::to_string(results.bad()) + ',';
  out.replace(0, 1, head);
  const bool atomic = (exchange.flags & kAtomic) != 0;
  exchange.flags |= kAnswered;
  exchange.reply.status = results.bad() == 0 ? 200 : atomic ? 422 : results.good() == 0 ? 400 : 207;
  return Next::reply;
}

class PostScores final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {"results", "dry_run", "atomic"});
    if (parameters.choice("results", {"all", "errors"}) == "errors") exchange.flags |= kErrorsOnly;
    if (parameters.flag("dry_run")) exchange.flags |= kDryRun;
    if (parameters.flag("atomic")) exchange.flags |= kAtomic;
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    if (exchange.principal.annotator == 0)
      return refuse(exchange, Errc::forbidden,
                    "Scores need an annotator: send them with an API key, not over the operator's socket.");
    const std::optional<BodyFormat> format = body_format(exchange.request.content_type);
    if (!format)
      return refuse(exchange, Errc::unsupported_media_type,
                    "Content-Type must be application/json, or application/x-ndjson for one score per line.");
    if (const auto refused = decode_scores(exchange, *format)) return refuse(exchange, *refused);

    Batch& batch = exchange.batch;
    batch.principal = exchange.principal;
    batch.dialect = DialectCode::native;
    const bool atomic = (exchange.flags & kAtomic) != 0;
    if (atomic && exchange.items > limits::kAtomicRows)
      return refuse(exchange, Errc::atomic_too_large,
                    "An atomic request may hold at most " + std::to_string(limits::kAtomicRows) + " scores.");
    batch.options.atomic = atomic;
    // A bad item already decides an atomic request; the others are still checked, so that all bad ones are named at
    // once.
    batch.options.dry_run = (exchange.flags & kDryRun) != 0 || (atomic && !exchange.item_errors.empty());
    if (batch.options.dry_run) batch.options.atomic = false;
    return batch.records.empty() ? answer(exchange) : Next::write;
  }

  Next resume(Exchange& exchange) const override {
    if (exchange.batch.status == Errc::atomic_too_large)
      return refuse(exchange, Errc::atomic_too_large,
                    "An atomic request may hold at most " + std::to_string(limits::kAtomicRows) +
                        " scores of together " + std::to_string(limits::kAtomicBytes) + " bytes.");
    if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
    return answer(exchange);
  }

  void shorten(Exchange& exchange) const override {
    if ((exchange.flags & kAnswered) == 0) return;  // A refusal.
    exchange.flags |= kErrorsOnly | kShort;
    (void)answer(exchange);
  }
};

}  // namespace

const Endpoint& post_scores() noexcept {
  static const PostScores kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::native
