#pragma once

#include "net/dialect/dialect.h"

/// Sluice's own API under /v1: scores, labels, sources, annotators, and keys and workspaces for the operator.
/// net/dialects/registry.h declares native_dialect().

namespace sluice::native {

// One endpoint per route; constants without state.
[[nodiscard]] const Endpoint& post_scores() noexcept;
[[nodiscard]] const Endpoint& list_scores() noexcept;
[[nodiscard]] const Endpoint& list_annotator_scores() noexcept;
[[nodiscard]] const Endpoint& get_score() noexcept;
[[nodiscard]] const Endpoint& delete_score() noexcept;
[[nodiscard]] const Endpoint& post_label() noexcept;
[[nodiscard]] const Endpoint& list_labels() noexcept;
[[nodiscard]] const Endpoint& get_label() noexcept;
[[nodiscard]] const Endpoint& patch_label() noexcept;
[[nodiscard]] const Endpoint& archive_label() noexcept;
[[nodiscard]] const Endpoint& restore_label() noexcept;
[[nodiscard]] const Endpoint& post_sources() noexcept;
[[nodiscard]] const Endpoint& get_source() noexcept;
[[nodiscard]] const Endpoint& post_key() noexcept;
[[nodiscard]] const Endpoint& list_keys() noexcept;
[[nodiscard]] const Endpoint& revoke_key() noexcept;
[[nodiscard]] const Endpoint& patch_workspace() noexcept;

}  // namespace sluice::native
