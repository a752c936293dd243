#pragma once

#include <memory>
#include <utility>

#include "engine/model/catalogue.h"

/// One thread's hold on the newest snapshot of the catalogue. Asking again costs a load as long as nothing changes: no
/// lock, and no count of owners that other threads write to. An idle thread keeps an old snapshot until it asks again.
/// Threads: owned by one.

namespace sluice {

class CatalogueReader {
 public:
  explicit CatalogueReader(const Catalogue& catalogue) : catalogue_(catalogue) {}

  /// Knows every change that happened before the call.
  [[nodiscard]] const CataloguePtr& newest() {
    if (held_ == nullptr || held_->version() != catalogue_.version()) {
      auto shared = std::make_shared<const CataloguePtr>(catalogue_.snapshot());
      const CatalogueSnapshot* const snapshot = shared->get();
      held_ = CataloguePtr(std::move(shared), snapshot);  // Counts its copies apart from other threads'.
    }
    return held_;
  }

 private:
  const Catalogue& catalogue_;
  CataloguePtr held_;
};

}  // namespace sluice
