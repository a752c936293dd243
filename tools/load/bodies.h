#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load/plan.h"

/// Whole requests, head and body, rendered before the run; a request is made by patching ids and values in place.
/// Threads: one owner; each generator thread has a pool of its own.

namespace sluice::load {

/// A label as the server knows it: `id` for APIs that create labels, `name` always.
struct LoadLabel {
  std::string id;
  std::string name;
};

struct RequestTarget {
  std::string host;      ///< "127.0.0.1:8420".
  std::string key;       ///< "id.secret".
  Format format = Format::json;
  bool results_all = false;
};

class BodyPool {
 public:
  BodyPool(const Plan& plan, const std::vector<LoadLabel>& labels, const RequestTarget& target);

  /// The bytes of request `request`; valid until the next call that gives the same template.
  [[nodiscard]] std::string_view make(std::uint64_t request);
  /// How many of its items must be refused.
  [[nodiscard]] std::uint32_t bad_items(std::uint64_t request) const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;  ///< Of all templates.

 private:
  struct ItemPatch {
    std::uint32_t source_at = 0;   ///< 0: not in this item.
    std::uint32_t value_at = 0;    ///< 0: nothing to change (thumbs, bad values).
    std::uint32_t client_at = 0;
    ValueKind kind = ValueKind::numeric;
  };
  struct Template {
    std::string bytes;
    std::vector<ItemPatch> items;
    std::uint32_t bad = 0;
  };
  struct Writer;

  void render(std::uint32_t index, const std::vector<LoadLabel>& labels, const RequestTarget& target);

  const Plan& plan_;
  std::vector<Template> templates_;
};

/// The label names of `plan`: what the audit expects to read back.
[[nodiscard]] std::vector<LoadLabel> planned_labels(const Plan& plan);

}  // namespace sluice::load
