#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/model/value.h"

/// Strict JSON over simdjson On-Demand 3.0.1, with the remedies its known bugs need in one place: every value is walked and
/// checked, duplicate keys are errors, depth and members are bounded, numbers are returned as tokens, nothing may follow
/// the root, and texts without escapes stay in the body (no copy).
///
/// simdjson itself appears only in json_reader.cc and in net/dialect/json_cursor.h (the fast inline layer for hot decoders).
/// Threads: one JsonParser per io thread.

namespace sluice {

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Checks that `text` is one JSON value within limits::kJsonDepth, kJsonMembers, kKeyBytes, without duplicate keys.
/// `text` needs limits::kPadding readable bytes behind it.
[[nodiscard]] Result<void> validate_json(JsonParser& parser, std::string_view text);

}  // namespace sluice
