#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/check.h"
#include "engine/model/catalogue.h"

/// What the tests of the catalogue start from.

namespace sluice {

inline constexpr WallTime kNow = 1'700'000'000'000'000'000;

[[nodiscard]] inline CreateKey key_for(std::string workspace, std::string id, std::string annotator) {
  CreateKey change;
  change.workspace_name = std::move(workspace);
  change.key_id = std::move(id);
  change.digest.fill(7);
  change.name = "of a test";
  change.annotator_name = std::move(annotator);
  change.scopes = kIngest | kRead;
  return change;
}

/// A catalogue with the workspace "main", number 1, and one key.
struct CatalogueFixture : testing::Test {
  CatalogueFixture() { SLUICE_CHECK(catalogue.apply(key_for("main", "k1", "Ann"), kNow).ok()); }

  [[nodiscard]] Result<CatalogueResult> create(std::string name, LabelType type = LabelType::numeric,
                                               std::string project = "") {
    CreateLabel change;
    change.workspace = 1;
    change.type = type;
    change.name = std::move(name);
    change.project = std::move(project);
    return catalogue.apply(change, kNow);
  }
  [[nodiscard]] Result<CatalogueResult> archive(const Uuid& id, bool archived) {
    UpdateLabel change;
    change.workspace = 1;
    change.id = id;
    change.archived = archived;
    return catalogue.apply(change, kNow + 1);
  }
  [[nodiscard]] std::vector<CatalogueEntry> drained() {
    std::vector<CatalogueEntry> entries;
    catalogue.drain(entries);
    return entries;
  }

  Catalogue catalogue;
};

[[nodiscard]] inline Errc code(const Result<CatalogueResult>& result) {
  return result.ok() ? Errc::ok : result.error().code;
}

}  // namespace sluice
