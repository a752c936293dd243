#pragma once

#include <optional>

#include "net/dialect/exchange.h"

/// EvalGuard requests to records and queries. Whatever is wrong comes back in words, all fields at once.

namespace sluice::evalguard {

/// POST: fills exchange.batch with one record, or says why not. Only the listed fields reach the record.
[[nodiscard]] std::optional<Refusal> decode_annotation(Exchange& exchange);
/// GET: fills exchange.read from projectId, limit and cursor, or says why not.
[[nodiscard]] std::optional<Refusal> decode_list(Exchange& exchange);

/// What the record's metadata says for a project, and what a listing compares with: {"projectId":…}. Empty for no
/// project.
[[nodiscard]] std::string_view project_metadata(Arena& arena, std::string_view project_id);

/// False for an annotation of another project than `project`, as project_metadata says it; empty is any.
[[nodiscard]] bool may_be_of_project(const Row& row, std::string_view project) noexcept;
/// Whether EvalGuard has a target of this type: eval_case, trace, pairwise.
[[nodiscard]] bool is_target_type(SourceSpelling spelling) noexcept;

}  // namespace sluice::evalguard
