#include "engine/model/catalogue_state.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/base/seeded_hash.h"
#include "engine/model/catalogue_limits.h"

namespace sluice {
namespace {

[[nodiscard]] bool is_named(const Label& label) { return label.origin == LabelOrigin::user && !label.archived; }

}  // namespace

std::string ascii_folded(std::string_view text) {
  std::string folded(text);
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return folded;
}

std::uint64_t CatalogueSnapshot::Workspaces::text_hash(std::uint64_t domain, std::string_view text) {
  return seeded_hash(domain, text);  // Names come from clients.
}

/// The same e-mail is the same annotator; without one, the same name.
std::string CatalogueSnapshot::Workspaces::identity_text(std::string_view name, std::string_view email) {
  return email.empty() ? "n" + std::string(name) : "e" + ascii_folded(email);
}

const CatalogueSnapshot::Workspaces::Tenant* CatalogueSnapshot::Workspaces::tenant(WorkspaceNumber number) const {
  const auto* found = tenants.find(number, [](const Tenant&) { return true; });
  return found != nullptr ? found->get() : nullptr;
}

const Workspace* CatalogueSnapshot::Workspaces::workspace_by_name(std::string_view name) const {
  const auto* found = workspace_names.find(text_hash(0, name), [&](const NamedWorkspace& w) { return w.name == name; });
  return found != nullptr ? &tenant((*found)->number)->info : nullptr;
}

const ApiKey* CatalogueSnapshot::Workspaces::key(std::string_view id) const {
  const auto* found = keys_by_id.find(text_hash(0, id), [&](const ApiKey& key) { return key.id == id; });
  return found != nullptr ? found->get() : nullptr;
}

const CatalogueSnapshot::Workspaces::LabelPtr* CatalogueSnapshot::Workspaces::label(LabelNumber number) const {
  return labels.find(number, [](const Label&) { return true; });
}

const Label* CatalogueSnapshot::Workspaces::label_by_id(WorkspaceNumber workspace, const Uuid& id) const {
  const Tenant* const owner = tenant(workspace);
  if (owner == nullptr) return nullptr;
  const auto* found =
      owner->labels_by_id.find(text_hash(0, id.view()), [&](const Label& label) { return label.id == id; });
  return found != nullptr ? found->get() : nullptr;
}

const Label* CatalogueSnapshot::Workspaces::dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                                          std::string_view name) const {
  const Tenant* const owner = tenant(workspace);
  if (owner == nullptr) return nullptr;
  if (origin == LabelOrigin::annotation) name = kAnnotationName;
  const auto* found =
      owner->dialect_labels.find(text_hash(static_cast<std::uint64_t>(origin), name),
                                 [&](const Label& label) { return label.origin == origin && label.name == name; });
  return found != nullptr ? found->get() : nullptr;
}

const Annotator* CatalogueSnapshot::Workspaces::annotator_by_id(WorkspaceNumber workspace, const Uuid& id) const {
  const Tenant* const owner = tenant(workspace);
  if (owner == nullptr) return nullptr;
  const auto* found =
      owner->annotators_by_id.find(text_hash(0, id.view()), [&](const Annotator& a) { return a.id == id; });
  return found != nullptr ? found->get() : nullptr;
}

const Annotator* CatalogueSnapshot::Workspaces::annotator_by_identity(WorkspaceNumber workspace, std::string_view name,
                                                                      std::string_view email) const {
  const Tenant* const owner = tenant(workspace);
  if (owner == nullptr) return nullptr;
  const std::string identity = identity_text(name, email);
  const auto* found = owner->annotators_by_identity.find(
      text_hash(0, identity), [&](const Annotator& a) { return identity_text(a.name, a.email) == identity; });
  return found != nullptr ? found->get() : nullptr;
}

const CatalogueSnapshot::Workspaces::Name* CatalogueSnapshot::Workspaces::labels_named(WorkspaceNumber workspace,
                                                                                       std::string_view name) const {
  const Tenant* const owner = tenant(workspace);
  if (owner == nullptr) return nullptr;
  const std::string folded = ascii_folded(name);
  const auto* found =
      owner->names.find(text_hash(0, folded), [&](const Name& entry) { return entry.folded == folded; });
  return found != nullptr ? found->get() : nullptr;
}

Result<void> CatalogueSnapshot::Workspaces::room_for(const Label& label) const {
  const LabelPtr* const before = this->label(label.number);
  const std::size_t held = before != nullptr ? held_bytes(**before) : 0;
  const std::size_t wanted = held_bytes(label);
  if (wanted <= held) return {};
  const std::size_t more = wanted - held;
  if (tenant(label.workspace)->label_bytes + more > limits::kLabelBytesPerWorkspace)
    return Error{Errc::limit_reached, 0, kLabelBytesOfWorkspace};
  if (label_bytes + more > limits::kLabelBytes) return Error{Errc::limit_reached, 0, kLabelBytesOfAll};
  return {};
}

void CatalogueSnapshot::Workspaces::put_tenant(Tenant changed) {
  const WorkspaceNumber number = changed.info.number;
  tenants.put(
      number, [](const Tenant&) { return true; }, std::make_shared<const Tenant>(std::move(changed)));
}

void CatalogueSnapshot::Workspaces::put(Workspace workspace) {
  const Tenant* const before = tenant(workspace.number);
  Tenant changed = before != nullptr ? *before : Tenant{};
  if (before == nullptr) {
    ++workspace_count;
  } else {
    const auto is_before = [&](const NamedWorkspace& w) { return w.number == workspace.number; };
    workspace_names.remove(text_hash(0, before->info.name), is_before);
  }
  next_workspace = std::max(next_workspace, workspace.number + 1);
  workspace_names.put(
      text_hash(0, workspace.name), [&](const NamedWorkspace& w) { return w.name == workspace.name; },
      std::make_shared<const NamedWorkspace>(NamedWorkspace{workspace.name, workspace.number}));
  changed.info = std::move(workspace);
  put_tenant(std::move(changed));
}

void CatalogueSnapshot::Workspaces::put(Annotator annotator) {
  const auto is_same = [&](const Annotator& a) { return a.number == annotator.number; };
  if (const auto* before = annotators.find(annotator.number, is_same)) {
    const std::shared_ptr<const Annotator> old = *before;
    Tenant owner = *tenant(old->workspace);
    owner.annotators_by_id.remove(text_hash(0, old->id.view()), is_same);
    owner.annotators_by_identity.remove(text_hash(0, identity_text(old->name, old->email)), is_same);
    put_tenant(std::move(owner));
  }
  next_annotator = std::max(next_annotator, annotator.number + 1);
  const auto stored = std::make_shared<const Annotator>(annotator);
  SLUICE_CHECK(tenant(annotator.workspace) != nullptr);
  Tenant owner = *tenant(annotator.workspace);
  annotators.put(annotator.number, is_same, stored);
  owner.annotators_by_id.put(text_hash(0, annotator.id.view()), is_same, stored);
  owner.annotators_by_identity.put(text_hash(0, identity_text(annotator.name, annotator.email)), is_same, stored);
  put_tenant(std::move(owner));
}

void CatalogueSnapshot::Workspaces::put(ApiKey key) {
  const auto is_same = [number = key.number](const ApiKey& k) { return k.number == number; };
  if (const auto* before = keys.find(key.number, is_same)) {
    const std::string old_id = (*before)->id;
    keys_by_id.remove(text_hash(0, old_id), is_same);
  } else {
    ++key_count;
  }
  next_key = std::max(next_key, key.number + 1);
  const auto stored = std::make_shared<const ApiKey>(std::move(key));
  keys.put(stored->number, is_same, stored);
  keys_by_id.put(text_hash(0, stored->id), is_same, stored);
}

void CatalogueSnapshot::Workspaces::add_name(Tenant& owner, const LabelPtr& label) {
  Name entry{ascii_folded(label->name), {}};
  const auto is_same = [&](const Name& name) { return name.folded == entry.folded; };
  const std::uint64_t hash = text_hash(0, entry.folded);
  if (const auto* before = owner.names.find(hash, is_same)) entry.labels = (*before)->labels;
  entry.labels.push_back(label);
  auto stored = std::make_shared<const Name>(entry);
  owner.names.put(hash, is_same, std::move(stored));
}

void CatalogueSnapshot::Workspaces::remove_name(Tenant& owner, const Label& label) {
  Name entry{ascii_folded(label.name), {}};
  const auto is_same = [&](const Name& name) { return name.folded == entry.folded; };
  const std::uint64_t hash = text_hash(0, entry.folded);
  if (const auto* before = owner.names.find(hash, is_same)) entry.labels = (*before)->labels;
  std::erase_if(entry.labels, [&](const LabelPtr& other) { return other->number == label.number; });
  if (entry.labels.empty()) {
    owner.names.remove(hash, is_same);
  } else {
    auto stored = std::make_shared<const Name>(entry);
    owner.names.put(hash, is_same, std::move(stored));
  }
}

void CatalogueSnapshot::Workspaces::remove_indexes(const Label& label) {
  const auto is_same = [&](const Label& other) { return other.number == label.number; };
  Tenant owner = *tenant(label.workspace);
  --owner.label_count;
  owner.label_bytes -= held_bytes(label);
  label_bytes -= held_bytes(label);
  owner.labels_by_id.remove(text_hash(0, label.id.view()), is_same);
  if (is_named(label)) remove_name(owner, label);
  if (label.origin != LabelOrigin::user)
    owner.dialect_labels.remove(text_hash(static_cast<std::uint64_t>(label.origin), label.name), is_same);
  put_tenant(std::move(owner));
}

void CatalogueSnapshot::Workspaces::put(Label label) {
  if (const LabelPtr* before = this->label(label.number)) {
    const LabelPtr old = *before;
    remove_indexes(*old);
  }
  next_label = std::max(next_label, label.number + 1);
  const auto stored = std::make_shared<const Label>(std::move(label));
  const auto is_same = [&](const Label& other) { return other.number == stored->number; };
  SLUICE_CHECK(tenant(stored->workspace) != nullptr);
  Tenant owner = *tenant(stored->workspace);
  ++owner.label_count;
  owner.label_bytes += held_bytes(*stored);
  label_bytes += held_bytes(*stored);
  labels.put(stored->number, is_same, stored);
  owner.labels_by_id.put(text_hash(0, stored->id.view()), is_same, stored);
  if (is_named(*stored)) add_name(owner, stored);
  if (stored->origin != LabelOrigin::user)
    owner.dialect_labels.put(text_hash(static_cast<std::uint64_t>(stored->origin), stored->name), is_same, stored);
  put_tenant(std::move(owner));
}

}  // namespace sluice
