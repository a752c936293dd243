#include "net/dialect/dialect.h"

#include "engine/base/check.h"

namespace sluice {

Next Endpoint::resume(Exchange&) const {
  SLUICE_CHECK(false);  // The endpoint asked for a step and cannot take its result.
  return Next::reply;
}

void Endpoint::shorten(Exchange&) const {}

int default_status(Errc code) noexcept {
  switch (code) {
    case Errc::ok: return 200;
    case Errc::unauthenticated:
    case Errc::conflicting_credentials:
    case Errc::key_revoked: return 401;
    case Errc::forbidden:
    case Errc::not_annotator: return 403;
    case Errc::not_found:
    case Errc::source_not_found:
    case Errc::label_not_found:
    case Errc::score_not_found: return 404;
    case Errc::method_not_allowed: return 405;
    case Errc::idempotency_in_flight:
    case Errc::name_taken:
    case Errc::queue_item_conflict:
    case Errc::label_archived: return 409;
    case Errc::body_too_large:
    case Errc::too_many_items:
    case Errc::atomic_too_large:
    case Errc::decompression_ratio: return 413;
    case Errc::unsupported_media_type:
    case Errc::unsupported_encoding: return 415;
    case Errc::idempotency_mismatch:
    case Errc::limit_reached:
    case Errc::label_limit: return 422;
    case Errc::overloaded:
    case Errc::rate_limited: return 429;
    case Errc::stopping:
    case Errc::outcome_unknown:
    case Errc::locked: return 503;
    case Errc::disk_full: return 507;
    case Errc::internal:
    case Errc::io_error:
    case Errc::corrupt:
    case Errc::format_too_new: return 500;
    default: return 400;  // Every other code names something wrong in the request itself.
  }
}

std::string_view default_message(Errc code) noexcept {
  switch (code) {
    case Errc::ok: return "OK.";
    case Errc::malformed_json: return "The body is not valid JSON.";
    case Errc::invalid_utf8: return "The body is not valid UTF-8.";
    case Errc::body_too_large: return "The body is larger than this server takes.";
    case Errc::body_truncated: return "The body ended early.";
    case Errc::too_many_items: return "The request has too many items.";
    case Errc::unsupported_media_type: return "This Content-Type is not accepted here.";
    case Errc::unsupported_encoding: return "Content-Encoding must be gzip or zstd, once, or absent.";
    case Errc::decompression_failed: return "The body does not decompress.";
    case Errc::decompression_ratio: return "The body expands too much.";
    case Errc::unauthenticated: return "The API key is missing or not valid.";
    case Errc::conflicting_credentials: return "The request carries two credentials that disagree.";
    case Errc::forbidden: return "The API key has no permission for this.";
    case Errc::not_found: return "There is nothing at this address.";
    case Errc::method_not_allowed: return "This method is not allowed here.";
    case Errc::unknown_parameter: return "The query has an unknown or malformed parameter.";
    case Errc::parameter_out_of_range: return "A parameter is out of range.";
    case Errc::bad_cursor: return "The cursor is not valid for this query.";
    case Errc::idempotency_mismatch: return "This Idempotency-Key was used for a different request.";
    case Errc::idempotency_in_flight: return "A request with this Idempotency-Key is still being handled.";
    case Errc::atomic_too_large: return "The atomic request is too large.";
    case Errc::overloaded: return "The server is busy; nothing was stored. Try again shortly.";
    case Errc::rate_limited: return "This API key is at its rate limit; nothing was stored. Try again later.";
    case Errc::stopping: return "The server is stopping; nothing was stored. Try again.";
    case Errc::disk_full: return "The disk is nearly full; nothing was stored.";
    case Errc::outcome_unknown: return "It is not known whether the request was stored. Repeat it with the same ids.";
    case Errc::internal: return "Internal error.";
    case Errc::source_not_found: return "Source not found.";
    case Errc::label_not_found: return "Label not found.";
    case Errc::label_archived: return "The label is archived.";
    case Errc::label_ambiguous: return "Several labels have this name; name one by its id.";
    case Errc::label_limit: return "The labels of the workspace, or of all together, are at their limit.";
    case Errc::score_not_found: return "Score not found.";
    case Errc::not_annotator: return "Only the score's annotator may do this.";
    case Errc::queue_item_conflict: return "The queue item belongs to another source.";
    case Errc::name_taken: return "This name is taken.";
    case Errc::type_is_fixed: return "A label's type cannot change.";
    case Errc::bad_settings: return "The settings are not valid for this type.";
    case Errc::limit_reached: return "A limit is reached.";
    case Errc::key_revoked: return "The API key is revoked.";
    case Errc::io_error: return "The disk reported an error.";
    case Errc::corrupt: return "Stored data is damaged; the server's log says what to do.";
    default: return "The request is not valid.";
  }
}

}  // namespace sluice
