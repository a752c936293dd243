#include "engine/base/error.h"

namespace sluice {

std::string_view to_string(Errc code) noexcept {
  switch (code) {  // No default: the compiler names a code that is missing here.
    case Errc::ok: return "ok";
    case Errc::malformed_json: return "malformed_json";
    case Errc::malformed_request: return "malformed_request";
    case Errc::invalid_utf8: return "invalid_utf8";
    case Errc::body_too_large: return "body_too_large";
    case Errc::body_truncated: return "body_truncated";
    case Errc::too_many_items: return "too_many_items";
    case Errc::unsupported_media_type: return "unsupported_media_type";
    case Errc::unsupported_encoding: return "unsupported_encoding";
    case Errc::decompression_failed: return "decompression_failed";
    case Errc::decompression_ratio: return "decompression_ratio";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::conflicting_credentials: return "conflicting_credentials";
    case Errc::forbidden: return "forbidden";
    case Errc::not_found: return "not_found";
    case Errc::method_not_allowed: return "method_not_allowed";
    case Errc::unknown_parameter: return "unknown_parameter";
    case Errc::parameter_out_of_range: return "parameter_out_of_range";
    case Errc::bad_cursor: return "bad_cursor";
    case Errc::idempotency_mismatch: return "idempotency_mismatch";
    case Errc::idempotency_in_flight: return "idempotency_in_flight";
    case Errc::atomic_too_large: return "atomic_too_large";
    case Errc::overloaded: return "overloaded";
    case Errc::rate_limited: return "rate_limited";
    case Errc::stopping: return "stopping";
    case Errc::disk_full: return "disk_full";
    case Errc::outcome_unknown: return "outcome_unknown";
    case Errc::internal: return "internal";
    case Errc::item_malformed: return "item_malformed";
    case Errc::item_not_object: return "item_not_object";
    case Errc::item_too_long: return "item_too_long";
    case Errc::too_deep: return "too_deep";
    case Errc::too_many_members: return "too_many_members";
    case Errc::duplicate_key: return "duplicate_key";
    case Errc::unknown_field: return "unknown_field";
    case Errc::field_missing: return "field_missing";
    case Errc::field_null: return "field_null";
    case Errc::field_blank: return "field_blank";
    case Errc::wrong_type: return "wrong_type";
    case Errc::string_too_long: return "string_too_long";
    case Errc::bad_uuid: return "bad_uuid";
    case Errc::bad_choice: return "bad_choice";
    case Errc::bad_timestamp: return "bad_timestamp";
    case Errc::bad_identifier: return "bad_identifier";
    case Errc::trailing_bytes: return "trailing_bytes";
    case Errc::source_not_found: return "source_not_found";
    case Errc::label_not_found: return "label_not_found";
    case Errc::label_archived: return "label_archived";
    case Errc::label_ambiguous: return "label_ambiguous";
    case Errc::label_limit: return "label_limit";
    case Errc::score_not_found: return "score_not_found";
    case Errc::not_annotator: return "not_annotator";
    case Errc::queue_item_conflict: return "queue_item_conflict";
    case Errc::value_blank: return "value_blank";
    case Errc::value_not_number: return "value_not_number";
    case Errc::value_not_finite: return "value_not_finite";
    case Errc::value_not_exact: return "value_not_exact";
    case Errc::value_out_of_range: return "value_out_of_range";
    case Errc::value_bad_step: return "value_bad_step";
    case Errc::value_off_step: return "value_off_step";
    case Errc::value_not_text: return "value_not_text";
    case Errc::value_too_short: return "value_too_short";
    case Errc::value_too_long: return "value_too_long";
    case Errc::value_not_option: return "value_not_option";
    case Errc::value_many_options: return "value_many_options";
    case Errc::value_unknown_option: return "value_unknown_option";
    case Errc::value_not_whole_star: return "value_not_whole_star";
    case Errc::value_star_range: return "value_star_range";
    case Errc::value_not_thumb: return "value_not_thumb";
    case Errc::atomic_sibling: return "atomic_sibling";
    case Errc::name_taken: return "name_taken";
    case Errc::type_is_fixed: return "type_is_fixed";
    case Errc::bad_settings: return "bad_settings";
    case Errc::limit_reached: return "limit_reached";
    case Errc::key_revoked: return "key_revoked";
    case Errc::io_error: return "io_error";
    case Errc::corrupt: return "corrupt";
    case Errc::format_too_new: return "format_too_new";
    case Errc::locked: return "locked";
  }
  return "unknown";  // Not an enumerator: a corrupt cast, still answerable.
}

}  // namespace sluice
