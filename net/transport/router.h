#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/dialect/dialect.h"

/// All dialects' routes, compiled once. A path matches with or without one trailing slash; nothing ever redirects.
/// Immutable after construction; safe from any thread.

namespace sluice {

/// What the transport answers itself.
enum class OperatorPage : std::uint8_t { none, livez, readyz, version, metrics, checkpoint };

struct CompiledRoute {
  const Dialect* dialect = nullptr;
  const Endpoint* endpoint = nullptr;  ///< nullptr for an operator page.
  OperatorPage page = OperatorPage::none;
  Method method = Method::get;
  std::string pattern;  ///< As metrics name it.
  Scope scope = kRead;
  bool admin = false;
  std::size_t index = 0;  ///< Of this route among all, for metrics.
};

class Router {
 public:
  explicit Router(std::span<const Dialect* const> dialects);

  struct Match {
    const CompiledRoute* route = nullptr;  ///< nullptr: 404, or 405 when `allow` is not empty.
    const Dialect* dialect = nullptr;      ///< Whose shape a refusal takes; never nullptr.
    std::string_view allow;                ///< "Allow: GET, POST", for a path that exists under other methods.
  };
  /// HEAD finds GET's route. `admin`: routes of the operator's socket exist. `params`: filled with the raw parameters.
  [[nodiscard]] Match find(Method method, std::string_view path, bool admin,
                           std::vector<std::string_view>& params) const;

  [[nodiscard]] std::span<const CompiledRoute> routes() const noexcept { return routes_; }
  [[nodiscard]] const Dialect& native() const noexcept { return *native_; }

 private:
  /// One path pattern with the routes of its methods.
  struct Path {
    std::vector<std::string> segments;  // "{name}" for a parameter.
    std::vector<std::size_t> routes;
    std::string allow;  // Without admin routes; empty when there are only such.
    std::string allow_admin;
  };

  void add(CompiledRoute route);
  void index_paths();
  [[nodiscard]] const Path* find_path(std::string_view path, std::vector<std::string_view>& params) const;
  [[nodiscard]] const Dialect& nearest(std::string_view path) const;

  const Dialect* native_ = nullptr;
  std::vector<CompiledRoute> routes_;
  std::vector<Path> paths_;
  std::unordered_map<std::string_view, std::size_t> fixed_;  // Patterns without parameters; keys live in routes_.
  std::vector<std::size_t> with_params_;
};

}  // namespace sluice
