#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/uuid.h"

/// What a score is about. Types are a known list of spellings plus any other identifier; several spellings may name one
/// canonical type (span, generation and observation_span). A row keeps the spelling that was sent.

namespace sluice {

using WorkspaceNumber = std::uint32_t;

/// Spellings; the values are stored on disk and never renumbered.
enum class SourceSpelling : std::uint8_t {
  other = 0,  ///< The text stands beside it.
  trace = 1,
  span = 2,
  generation = 3,
  observation_span = 4,
  session = 5,
  trace_session = 6,
  eval_case = 7,
  pairwise = 8,
  dataset_row = 9,
  prototype_run = 10,
  call_execution = 11,
};

/// The spelling whose canonical type this one belongs to: generation, observation_span → span; trace_session → session.
[[nodiscard]] SourceSpelling canonical(SourceSpelling spelling) noexcept;
[[nodiscard]] std::string_view to_string(SourceSpelling spelling) noexcept;  ///< "" for other.
/// `other` for a text that is not in the list.
[[nodiscard]] SourceSpelling source_spelling(std::string_view text) noexcept;
/// Letters, digits, '_', '-', '.', 1 to limits::kIdentifierBytes: what any type or score_source must look like.
[[nodiscard]] bool is_identifier(std::string_view text) noexcept;

struct SourceRef {
  SourceSpelling spelling = SourceSpelling::other;
  std::string_view type_text;  ///< Only for `other`.
  std::string_view id;         ///< Opaque bytes, as sent.

  [[nodiscard]] bool empty() const noexcept { return id.empty(); }
  [[nodiscard]] std::string_view type() const noexcept;  ///< The spelling's text.
};

[[nodiscard]] bool same_source(const SourceRef& a, const SourceRef& b) noexcept;  ///< Canonical type and id.

/// Key of the by_source family: keyed hash of workspace, canonical type and id.
[[nodiscard]] std::uint64_t source_hash(const KeyedHash& keys, WorkspaceNumber workspace,
                                        const SourceRef& source) noexcept;

}  // namespace sluice
