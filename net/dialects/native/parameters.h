#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "net/dialect/exchange.h"

/// Query parameters, strictly: an unknown or repeated one, or a value out of range, is refused by name.

namespace sluice::native {

class Parameters {
 public:
  /// Reads the request's query. `allowed` besides `workspace`, which only the operator (admin.sock) may give.
  Parameters(Exchange& exchange, std::initializer_list<std::string_view> allowed);

  /// The first thing that was wrong, here or in one of the calls below.
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

  [[nodiscard]] bool has(std::string_view name) const noexcept;
  [[nodiscard]] std::string_view text(std::string_view name) const noexcept;  ///< "" when absent.
  [[nodiscard]] bool flag(std::string_view name);                             ///< 1, true, 0, false; absent: false.
  [[nodiscard]] std::size_t limit();                                          ///< 1 to limits::kPageLimit.
  [[nodiscard]] std::optional<WallTime> time(std::string_view name);          ///< RFC 3339 or whole milliseconds.
  [[nodiscard]] std::optional<Uuid> uuid(std::string_view name);
  /// One of `choices`; the first one when absent.
  [[nodiscard]] std::string_view choice(std::string_view name, std::initializer_list<std::string_view> choices);
  void refuse(Errc code, std::string_view name, std::string_view text);

  /// Whose data: the key's workspace, or the one that the operator names. 0 after a refusal.
  [[nodiscard]] WorkspaceNumber workspace();

 private:
  Exchange& exchange_;
  std::optional<Refusal> refusal_;
};

/// source_type and source_id, which are required.
[[nodiscard]] SourceRef read_source(Parameters& parameters);

/// A path parameter as a UUID.
[[nodiscard]] std::optional<Uuid> path_uuid(const Exchange& exchange, std::size_t index = 0);
/// A path parameter, percent-decoded; "" when it is not well-formed.
[[nodiscard]] std::string path_text(const Exchange& exchange, std::size_t index = 0);

}  // namespace sluice::native
