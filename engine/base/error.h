#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/base/check.h"

/// The one error type of the process. Allocation-free, because an attacker chooses how often the error path runs.
/// Texts for people are made where the knowledge is (a dialect, a command), never stored here.

namespace sluice {

enum class Errc : std::uint16_t {
  ok = 0,

  // The request as a whole.
  malformed_json,
  invalid_utf8,
  body_too_large,
  body_truncated,
  too_many_items,
  unsupported_media_type,
  unsupported_encoding,
  decompression_failed,
  decompression_ratio,
  unauthenticated,
  conflicting_credentials,
  forbidden,
  not_found,
  method_not_allowed,
  unknown_parameter,
  parameter_out_of_range,
  bad_cursor,
  idempotency_mismatch,
  idempotency_in_flight,
  atomic_too_large,
  overloaded,
  rate_limited,  ///< The key's own limit, not the server's.
  stopping,
  disk_full,
  outcome_unknown,
  internal,

  // One item: its form.
  item_malformed,
  item_not_object,
  item_too_long,
  too_deep,
  too_many_members,
  duplicate_key,
  unknown_field,
  field_missing,
  field_null,
  field_blank,
  wrong_type,
  string_too_long,
  bad_uuid,
  bad_choice,
  bad_timestamp,
  bad_identifier,
  trailing_bytes,

  // One item: its meaning.
  source_not_found,
  label_not_found,
  label_archived,
  label_ambiguous,
  label_limit,
  score_not_found,
  not_annotator,
  queue_item_conflict,
  value_blank,
  value_not_number,
  value_not_finite,
  value_not_exact,
  value_out_of_range,
  value_bad_step,
  value_off_step,
  value_not_text,
  value_too_short,
  value_too_long,
  value_not_option,
  value_many_options,
  value_unknown_option,
  value_not_whole_star,
  value_star_range,
  value_not_thumb,
  atomic_sibling,  ///< Good by itself; not stored because another item of an atomic batch is bad.

  // Labels, keys and other catalogue entries.
  name_taken,
  type_is_fixed,
  bad_settings,
  limit_reached,
  key_revoked,

  // Disk.
  io_error,
  corrupt,
  format_too_new,
  locked,

  // HTTP framing: refused before any dialect is known.
  malformed_request,
};

/// Of the last enumerator; new ones go before it or move this.
inline constexpr std::size_t kErrcCount = static_cast<std::size_t>(Errc::malformed_request) + 1;

/// snake_case name of a code: what the native API answers as `code` and the metrics use as `reason`.
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

struct Error {
  Errc code = Errc::ok;
  std::uint32_t index = 0;   ///< Item of the request, where there is one.
  const char* where = "";    ///< A literal: the field, or the operation that failed.
};
static_assert(sizeof(Error) == 16);

/// A value or an Error. Result<void> is an Error that may be ok.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, error) {}         // NOLINT
  Result(Errc code) : Result(Error{code, 0, ""}) {}                      // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const { SLUICE_CHECK(!ok()); return *std::get_if<1>(&state_); }
  [[nodiscard]] T& value() { SLUICE_CHECK(ok()); return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const { SLUICE_CHECK(ok()); return *std::get_if<0>(&state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(error) {}            // NOLINT
  Result(Errc code) : error_{code, 0, ""} {}        // NOLINT
  [[nodiscard]] bool ok() const noexcept { return error_.code == Errc::ok; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

}  // namespace sluice
