#include "net/transport/router.h"

#include <algorithm>

#include "engine/base/check.h"

namespace sluice {
namespace {

/// Takes the first segment off `path`, which begins with '/'.
std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  return segment;
}

std::vector<std::string> split(std::string_view pattern) {
  std::vector<std::string> segments;
  while (!pattern.empty()) segments.emplace_back(next_segment(pattern));
  return segments;
}

bool is_param(std::string_view segment) noexcept { return !segment.empty() && segment.front() == '{'; }

std::string allow_line(std::span<const CompiledRoute> all, std::span<const std::size_t> indexes, bool admin) {
  std::string line;
  const auto append = [&line](std::string_view method) { line.append(line.empty() ? "Allow: " : ", ").append(method); };
  for (const std::size_t index : indexes) {
    if (all[index].admin && !admin) continue;
    append(to_string(all[index].method));
    if (all[index].method == Method::get) append("HEAD");
  }
  return line;
}

}  // namespace

Router::Router(std::span<const Dialect* const> dialects) {
  SLUICE_CHECK(!dialects.empty());
  native_ = dialects.front();
  for (const Dialect* const dialect : dialects) {
    if (dialect->code() == DialectCode::native) native_ = dialect;
  }
  for (const Dialect* const dialect : dialects) {
    for (const Route& route : dialect->routes()) {
      SLUICE_CHECK(route.endpoint != nullptr);
      add({dialect, route.endpoint, OperatorPage::none, route.method, std::string(route.pattern), route.scope,
           route.admin, 0});
    }
  }
  const std::pair<OperatorPage, const char*> kPages[] = {{OperatorPage::livez, "/livez"},
                                                         {OperatorPage::livez, "/health"},
                                                         {OperatorPage::readyz, "/readyz"},
                                                         {OperatorPage::version, "/version"},
                                                         {OperatorPage::metrics, "/metrics"}};
  for (const auto& [page, pattern] : kPages) add({native_, nullptr, page, Method::get, pattern, kRead, false, 0});
  for (const Method method : {Method::post, Method::get})
    add({native_, nullptr, OperatorPage::checkpoint, method, "/v1/checkpoint", kAdmin, true, 0});
  index_paths();
}

void Router::add(CompiledRoute route) {
  SLUICE_CHECK(route.pattern.size() > 1 && route.pattern.front() == '/' && route.pattern.back() != '/');
  route.index = routes_.size();
  std::vector<std::string> segments = split(route.pattern);
  // Parameters match by place, whatever their names.
  const auto same = [&segments](const Path& path) {
    return std::equal(
        segments.begin(), segments.end(), path.segments.begin(), path.segments.end(),
        [](const std::string& a, const std::string& b) { return a == b || (is_param(a) && is_param(b)); });
  };
  auto at = std::find_if(paths_.begin(), paths_.end(), same);
  if (at == paths_.end()) {
    paths_.push_back({std::move(segments), {}, {}, {}});
    at = paths_.end() - 1;
  }
  for (const std::size_t index : at->routes) SLUICE_CHECK(routes_[index].method != route.method);
  at->routes.push_back(route.index);
  routes_.push_back(std::move(route));
}

void Router::index_paths() {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    Path& path = paths_[i];
    path.allow = allow_line(routes_, path.routes, false);
    path.allow_admin = allow_line(routes_, path.routes, true);
    if (std::any_of(path.segments.begin(), path.segments.end(), is_param)) {
      with_params_.push_back(i);
    } else {
      fixed_.emplace(routes_[path.routes.front()].pattern, i);
    }
  }
  // More fixed segments first, so that /v1/scores/export wins over /v1/scores/{id}/… of the same length.
  std::stable_sort(with_params_.begin(), with_params_.end(), [this](std::size_t a, std::size_t b) {
    const auto fixed = [this](std::size_t i) {
      return std::count_if(paths_[i].segments.begin(), paths_[i].segments.end(),
                           [](const std::string& segment) { return !is_param(segment); });
    };
    return fixed(a) > fixed(b);
  });
}

const Router::Path* Router::find_path(std::string_view path, std::vector<std::string_view>& params) const {
  if (const auto at = fixed_.find(path); at != fixed_.end()) return &paths_[at->second];
  for (const std::size_t index : with_params_) {
    const Path& candidate = paths_[index];
    params.clear();
    std::string_view rest = path;
    bool matches = true;
    for (const std::string& wanted : candidate.segments) {
      if (rest.empty()) {
        matches = false;
        break;
      }
      const std::string_view segment = next_segment(rest);
      if (is_param(wanted)) {
        matches = !segment.empty();
        params.push_back(segment);
      } else {
        matches = segment == wanted;
      }
      if (!matches) break;
    }
    if (matches && rest.empty()) return &candidate;
  }
  params.clear();
  return nullptr;
}

const Dialect& Router::nearest(std::string_view path) const {
  const Dialect* best = native_;
  std::size_t best_segments = 0;
  for (const Path& candidate : paths_) {
    std::string_view rest = path;
    std::size_t common = 0;
    for (const std::string& wanted : candidate.segments) {
      if (rest.empty() || is_param(wanted) || next_segment(rest) != wanted) break;
      ++common;
    }
    const Dialect* const dialect = routes_[candidate.routes.front()].dialect;
    // Among equals the native dialect, whose errors say most.
    if (common > best_segments || (common == best_segments && common > 0 && dialect == native_)) {
      best = dialect;
      best_segments = common;
    }
  }
  return *best;
}

Router::Match Router::find(Method method, std::string_view path, bool admin,
                           std::vector<std::string_view>& params) const {
  params.clear();
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path.empty() || path.front() != '/') return {nullptr, native_, {}};
  const Path* const found = find_path(path, params);
  if (found == nullptr) return {nullptr, &nearest(path), {}};
  const Method wanted = method == Method::head ? Method::get : method;
  for (const std::size_t index : found->routes) {
    const CompiledRoute& route = routes_[index];
    if (route.method == wanted && (admin || !route.admin)) return {&route, route.dialect, {}};
  }
  return {nullptr, routes_[found->routes.front()].dialect, admin ? found->allow_admin : found->allow};
}

}  // namespace sluice
