#pragma once

#include "net/dialect/dialect.h"

/// Future AGI's routes, one object each.

namespace sluice::futureagi {

[[nodiscard]] const Endpoint& create_score() noexcept;
[[nodiscard]] const Endpoint& create_scores() noexcept;
[[nodiscard]] const Endpoint& scores_for_source() noexcept;
[[nodiscard]] const Endpoint& list_scores() noexcept;
[[nodiscard]] const Endpoint& get_score() noexcept;
[[nodiscard]] const Endpoint& put_score() noexcept;
[[nodiscard]] const Endpoint& patch_score() noexcept;
[[nodiscard]] const Endpoint& delete_score() noexcept;

/// The refusal for a batch or a read that did not come to pass.
Next refuse_code(Exchange& exchange, Errc code);

}  // namespace sluice::futureagi
