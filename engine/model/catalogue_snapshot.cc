#include <algorithm>

#include "engine/model/catalogue_state.h"

namespace sluice {
namespace {

template <class T>
[[nodiscard]] std::vector<const T*> by_number(std::vector<const T*> items) {
  std::ranges::sort(items, {}, [](const T* item) { return item->number; });
  return items;
}

}  // namespace

CatalogueSnapshot::~CatalogueSnapshot() = default;

const Workspace* CatalogueSnapshot::workspace(WorkspaceNumber number) const noexcept {
  const Workspaces::Tenant* const tenant = state_->tenant(number);
  return tenant != nullptr ? &tenant->info : nullptr;
}

const Workspace* CatalogueSnapshot::workspace_by_name(std::string_view name) const noexcept {
  return state_->workspace_by_name(name);
}

const Annotator* CatalogueSnapshot::annotator(AnnotatorNumber number) const noexcept {
  const auto* found = state_->annotators.find(number, [](const Annotator&) { return true; });
  return found != nullptr ? found->get() : nullptr;
}

const Annotator* CatalogueSnapshot::annotator_by_id(WorkspaceNumber workspace, const Uuid& id) const noexcept {
  return state_->annotator_by_id(workspace, id);
}

const ApiKey* CatalogueSnapshot::key(std::string_view id) const noexcept { return state_->key(id); }

std::vector<const ApiKey*> CatalogueSnapshot::keys() const {
  std::vector<const ApiKey*> keys;
  state_->keys.for_each([&](const auto& key) { keys.push_back(key.get()); });
  return by_number(std::move(keys));
}

std::vector<const Workspace*> CatalogueSnapshot::workspaces() const {
  std::vector<const Workspace*> workspaces;
  state_->tenants.for_each([&](const auto& tenant) { workspaces.push_back(&tenant->info); });
  return by_number(std::move(workspaces));
}

const Label* CatalogueSnapshot::label(LabelNumber number) const noexcept {
  const auto* found = state_->label(number);
  return found != nullptr ? found->get() : nullptr;
}

const Label* CatalogueSnapshot::label_by_id(WorkspaceNumber workspace, const Uuid& id) const noexcept {
  return state_->label_by_id(workspace, id);
}

Result<const Label*> CatalogueSnapshot::label_by_name(WorkspaceNumber workspace, std::string_view name) const noexcept {
  const Workspaces::Name* const entry = state_->labels_named(workspace, name);
  const Label* found = nullptr;
  if (entry != nullptr) {
    for (const auto& label : entry->labels) {
      if (label->name != name) continue;
      if (found != nullptr) return Error{Errc::label_ambiguous, 0, "label_name"};
      found = label.get();
    }
  }
  if (found == nullptr) return Error{Errc::label_not_found, 0, "label_name"};
  return found;
}

const Label* CatalogueSnapshot::dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                              std::string_view name) const noexcept {
  return state_->dialect_label(workspace, origin, name);
}

std::vector<const Label*> CatalogueSnapshot::labels(WorkspaceNumber workspace) const {
  std::vector<const Label*> labels;
  if (const Workspaces::Tenant* const tenant = state_->tenant(workspace))
    tenant->labels_by_id.for_each([&](const auto& label) { labels.push_back(label.get()); });
  return by_number(std::move(labels));
}

}  // namespace sluice
