#include "engine/model/catalogue.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "engine/base/limits.h"
#include "engine/model/catalogue_codec.h"
#include "engine/model/catalogue_limits.h"
#include "engine/model/catalogue_state.h"

namespace sluice {

/// Writers take `mutex`; `published_mutex` only guards the pointer that readers copy. std::atomic<std::shared_ptr>
/// would spin on a bit just as long, and ThreadSanitizer rightly objects to g++ 12's (its reader unlocks relaxed).
struct Catalogue::State {
  using Root = CatalogueSnapshot::Workspaces;

  /// A change in the making: dropped unless commit() takes it.
  struct Draft {
    Root root;
    std::vector<CatalogueEntry> entries;
    template <class T>
    void put(T item) {
      entries.push_back(encode(item));
      root.put(std::move(item));
    }
  };

  State() { publish(Root{}); }

  [[nodiscard]] CataloguePtr snapshot() const {
    const std::lock_guard lock(published_mutex);
    return published;
  }

  void publish(Root root) {
    auto next = std::make_shared<CatalogueSnapshot>();
    const std::uint64_t number = version.load(std::memory_order_relaxed) + 1;
    next->version_ = number;
    next->state_ = std::make_shared<const Root>(std::move(root));
    CataloguePtr before = std::move(next);
    const std::lock_guard lock(published_mutex);
    published.swap(before);  // `before` is declared first, so the old snapshot dies after the lock.
    // Release: who sees the number and then asks for the snapshot gets this one or a newer one.
    version.store(number, std::memory_order_release);
  }

  [[nodiscard]] Draft draft() const { return {*published->state_, {}}; }

  /// Queued first, published second: whoever sees the change and makes a row with it does so after the record is there
  /// for drain() to find.
  void commit(Draft draft) {
    if (draft.entries.empty()) return;
    for (CatalogueEntry& entry : draft.entries) pending.insert_or_assign(std::move(entry.key), std::move(entry.value));
    // Relaxed: what publishes it to the committer is the way a row takes there (snapshot lock, rings).
    pending_count.store(pending.size(), std::memory_order_relaxed);
    publish(std::move(draft.root));
  }

  [[nodiscard]] CatalogueResult result() const {
    CatalogueResult result;
    result.snapshot = snapshot();
    return result;
  }
  [[nodiscard]] CatalogueResult result_label(LabelNumber number) const {
    CatalogueResult made = result();
    made.label = made.snapshot->label(number);
    made.workspace = made.snapshot->workspace(made.label->workspace);
    return made;
  }

  // All under `mutex`.
  [[nodiscard]] Result<CatalogueResult> apply(const std::monostate& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> apply(const CreateLabel& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> apply(const UpdateLabel& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> apply(const CreateKey& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> apply(const RevokeKey& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> apply(const SetWorkspace& change, WallTime now);
  [[nodiscard]] Result<CatalogueResult> create_dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                                             std::string_view name, WallTime now);
  [[nodiscard]] Result<WorkspaceNumber> ensure_workspace(Draft& draft, const CreateKey& change, WallTime now) const;
  [[nodiscard]] Result<AnnotatorNumber> ensure_annotator(Draft& draft, WorkspaceNumber workspace,
                                                         const CreateKey& change, WallTime now) const;
  [[nodiscard]] static bool is_taken(const Root& root, const Label& label);

  std::mutex mutex;
  std::map<std::string, std::string> pending;  // One record per key: what changes often must not pile up.
  std::atomic<std::size_t> pending_count{0};
  std::atomic<std::uint64_t> version{0};

  mutable std::mutex published_mutex;
  CataloguePtr published;
};

/// Whether another user label has this one's name (any case), type and project.
bool Catalogue::State::is_taken(const Root& root, const Label& label) {
  if (label.origin != LabelOrigin::user) return false;
  const Root::Name* const entry = root.labels_named(label.workspace, label.name);
  return entry != nullptr && std::ranges::any_of(entry->labels, [&](const Root::LabelPtr& other) {
           return other->number != label.number && other->type == label.type && other->project == label.project;
         });
}

Result<CatalogueResult> Catalogue::State::apply(const std::monostate&, WallTime) {
  return Error{Errc::bad_choice, 0, "change"};
}

Result<CatalogueResult> Catalogue::State::apply(const CreateLabel& change, WallTime now) {
  if (change.origin != LabelOrigin::user) return Error{Errc::bad_choice, 0, "origin"};
  Draft next = draft();
  const Root::Tenant* const tenant = next.root.tenant(change.workspace);
  if (tenant == nullptr) return Error{Errc::not_found, 0, "workspace"};
  Label label;
  label.number = next.root.next_label;
  label.id = random_uuid();
  label.workspace = change.workspace;
  label.type = change.type;
  label.name = change.name;
  label.description = change.description;
  label.project = change.project;
  label.settings_json = change.settings_json.empty() ? "{}" : change.settings_json;
  label.rules = change.rules;
  label.allow_notes = change.allow_notes;
  label.created_at = label.updated_at = now;
  if (const Result<void> good = check_label(label); !good) return good.error();
  if (is_taken(next.root, label)) return Error{Errc::name_taken, 0, "name"};
  if (tenant->label_count >= limits::kLabelsPerWorkspace) return Error{Errc::limit_reached, 0, "labels"};
  if (const Result<void> room = next.root.room_for(label); !room) return room.error();
  const LabelNumber number = label.number;
  next.put(std::move(label));
  commit(std::move(next));
  return result_label(number);
}

Result<CatalogueResult> Catalogue::State::apply(const UpdateLabel& change, WallTime now) {
  Draft next = draft();
  const Label* const before = next.root.label_by_id(change.workspace, change.id);
  if (before == nullptr) return Error{Errc::label_not_found, 0, "label"};
  // Of a label that a dialect looks up by name, only what people read may change.
  const bool is_keyed = change.name || change.project || change.rules || change.settings_json || change.archived;
  if (before->origin != LabelOrigin::user && is_keyed) return Error{Errc::bad_choice, 0, "origin"};
  Label label = *before;
  if (change.name) label.name = *change.name;
  if (change.description) label.description = *change.description;
  if (change.project) label.project = *change.project;
  if (change.settings_json) label.settings_json = change.settings_json->empty() ? "{}" : *change.settings_json;
  if (change.rules) label.rules = *change.rules;
  if (change.allow_notes) label.allow_notes = *change.allow_notes;
  if (change.archived) label.archived = *change.archived;
  if (const Result<void> good = check_label(label); !good) return good.error();
  if (!label.archived && is_taken(next.root, label)) return Error{Errc::name_taken, 0, "name"};
  if (encode(label).value == encode(*before).value) return result_label(label.number);
  if (const Result<void> room = next.root.room_for(label); !room) return room.error();
  label.updated_at = now;
  const LabelNumber number = label.number;
  next.put(std::move(label));
  commit(std::move(next));
  return result_label(number);
}

Result<WorkspaceNumber> Catalogue::State::ensure_workspace(Draft& next, const CreateKey& change, WallTime now) const {
  if (const Workspace* const found = next.root.workspace_by_name(change.workspace_name)) return found->number;
  if (const Result<void> good = check_name(change.workspace_name, "workspace"); !good) return good.error();
  if (next.root.workspace_count >= limits::kWorkspaces) return Error{Errc::limit_reached, 0, "workspaces"};
  Workspace workspace;
  workspace.number = next.root.next_workspace;
  workspace.id = random_uuid();
  workspace.name = change.workspace_name;
  workspace.strict_sources = change.strict_sources;
  workspace.created_at = now;
  const WorkspaceNumber number = workspace.number;
  next.put(std::move(workspace));
  return number;
}

Result<AnnotatorNumber> Catalogue::State::ensure_annotator(Draft& next, WorkspaceNumber workspace,
                                                           const CreateKey& change, WallTime now) const {
  if (change.annotator_id) {
    if (const Annotator* const found = next.root.annotator_by_id(workspace, *change.annotator_id)) return found->number;
  }
  const std::string& name = change.annotator_name;
  const std::string& email = change.annotator_email;
  if (email.empty() || !name.empty())
    if (const Result<void> good = check_name(name, "annotator"); !good) return good.error();
  if (email.size() > limits::kNameBytes) return Error{Errc::string_too_long, 0, "email"};
  if (const Annotator* const found = next.root.annotator_by_identity(workspace, name, email)) {
    // Asked for under another id: one person would become two.
    if (change.annotator_id) return Error{Errc::name_taken, 0, "annotator"};
    return found->number;
  }
  Annotator annotator;
  annotator.number = next.root.next_annotator;
  annotator.id = change.annotator_id ? *change.annotator_id : random_uuid();
  annotator.workspace = workspace;
  annotator.name = name;
  annotator.email = email;
  annotator.created_at = now;
  const AnnotatorNumber number = annotator.number;
  next.put(std::move(annotator));
  return number;
}

Result<CatalogueResult> Catalogue::State::apply(const CreateKey& change, WallTime now) {
  constexpr std::uint8_t kScopes = kIngest | kRead | kManage | kAdmin;
  if (const Result<void> good = check_name(change.key_id, "key"); !good) return good.error();
  if (change.name.size() > limits::kNameBytes) return Error{Errc::string_too_long, 0, "name"};
  if (change.scopes == 0 || (change.scopes & ~kScopes) != 0) return Error{Errc::bad_choice, 0, "scopes"};
  for (const auto& rate : {change.rates.requests, change.rates.scores, change.rates.bytes})
    if (rate.value_or(0) > limits::kRateMax) return Error{Errc::bad_choice, 0, "rates"};
  Draft next = draft();
  const ApiKey* key = next.root.key(change.key_id);
  if (key != nullptr) {
    const bool same =
        key->digest == change.digest && next.root.tenant(key->workspace)->info.name == change.workspace_name;
    if (!same) return Error{Errc::name_taken, 0, "key"};
  } else {
    if (next.root.key_count >= limits::kKeys) return Error{Errc::limit_reached, 0, "keys"};
    const Result<WorkspaceNumber> workspace = ensure_workspace(next, change, now);
    if (!workspace) return workspace.error();
    const Result<AnnotatorNumber> annotator = ensure_annotator(next, *workspace, change, now);
    if (!annotator) return annotator.error();
    ApiKey made;
    made.number = next.root.next_key;
    made.id = change.key_id;
    made.digest = change.digest;
    made.name = change.name;
    made.workspace = *workspace;
    made.annotator = *annotator;
    made.scopes = change.scopes;
    made.rates = change.rates;
    made.created_at = now;
    next.put(std::move(made));
    commit(std::move(next));
  }
  CatalogueResult made = result();
  made.key = made.snapshot->key(change.key_id);
  made.workspace = made.snapshot->workspace(made.key->workspace);
  return made;
}

Result<CatalogueResult> Catalogue::State::apply(const RevokeKey& change, WallTime now) {
  Draft next = draft();
  const ApiKey* const found = next.root.key(change.key_id);
  if (found == nullptr) return Error{Errc::not_found, 0, "key"};
  if (!found->revoked) {
    ApiKey key = *found;
    key.revoked = true;
    key.revoked_at = now;
    next.put(std::move(key));
    commit(std::move(next));
  }
  CatalogueResult made = result();
  made.key = made.snapshot->key(change.key_id);
  made.workspace = made.snapshot->workspace(made.key->workspace);
  return made;
}

Result<CatalogueResult> Catalogue::State::apply(const SetWorkspace& change, WallTime) {
  Draft next = draft();
  const Workspace* const found = next.root.workspace_by_name(change.name);
  if (found == nullptr) return Error{Errc::not_found, 0, "workspace"};
  const WorkspaceNumber number = found->number;
  if (found->strict_sources != change.strict_sources) {
    Workspace workspace = *found;
    workspace.strict_sources = change.strict_sources;
    next.put(std::move(workspace));
    commit(std::move(next));
  }
  CatalogueResult made = result();
  made.workspace = made.snapshot->workspace(number);
  return made;
}

Result<CatalogueResult> Catalogue::State::create_dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                                               std::string_view name, WallTime now) {
  Draft next = draft();
  const Root::Tenant* const tenant = next.root.tenant(workspace);
  if (tenant == nullptr) return Error{Errc::not_found, 0, "workspace"};
  if (const Label* const found = next.root.dialect_label(workspace, origin, name)) return result_label(found->number);
  if (tenant->label_count >= limits::kLabelsPerWorkspace) return Error{Errc::label_limit, 0, "label"};
  Label label;
  label.number = next.root.next_label;
  label.id = random_uuid();
  label.workspace = workspace;
  label.origin = origin;
  label.type = LabelType::numeric;
  label.name = name;
  label.settings_json = "{}";
  if (origin == LabelOrigin::evaluator) {
    label.rules.min = Decimal{0, 0};
    label.rules.max = Decimal{1, 0};
    label.settings_json = R"({"min":0,"max":1})";
  }
  label.allow_notes = true;
  label.created_at = label.updated_at = now;
  if (!next.root.room_for(label)) return Error{Errc::label_limit, 0, "label"};
  const LabelNumber number = label.number;
  next.put(std::move(label));
  commit(std::move(next));
  return result_label(number);
}

Catalogue::Catalogue() : state_(std::make_unique<State>()) {}
Catalogue::~Catalogue() = default;

CataloguePtr Catalogue::snapshot() const noexcept { return state_->snapshot(); }

std::uint64_t Catalogue::version() const noexcept { return state_->version.load(std::memory_order_acquire); }

Result<CatalogueResult> Catalogue::apply(const CatalogueChange& change, WallTime now) {
  const std::lock_guard lock(state_->mutex);
  return std::visit([&](const auto& one) { return state_->apply(one, now); }, change);
}

Result<CatalogueResult> Catalogue::ensure_dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                                        std::string_view name, WallTime now) {
  if (origin == LabelOrigin::user) return Error{Errc::bad_choice, 0, "origin"};
  if (origin == LabelOrigin::annotation) name = kAnnotationName;
  CatalogueResult known = state_->result();
  known.label = known.snapshot->dialect_label(workspace, origin, name);
  if (known.label != nullptr) {
    known.workspace = known.snapshot->workspace(workspace);
    return known;
  }
  if (const Result<void> good = check_name(name, "label"); !good) return good.error();
  const std::lock_guard lock(state_->mutex);
  return state_->create_dialect_label(workspace, origin, name, now);
}

void Catalogue::drain(std::vector<CatalogueEntry>& out) {
  // Relaxed: see commit().
  if (state_->pending_count.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(state_->mutex);
  for (auto& [key, value] : state_->pending) {
    auto at = std::ranges::lower_bound(out, key, {}, &CatalogueEntry::key);
    if (at == out.end() || at->key != key) at = out.insert(at, CatalogueEntry{key, {}});
    at->value = std::move(value);
  }
  state_->pending.clear();
  state_->pending_count.store(0, std::memory_order_relaxed);
}

Result<void> Catalogue::load(std::string_view key, std::string_view value) {
  const Result<CatalogueKey> at = decode_catalogue_key(key);
  if (!at) return at.error();
  const std::lock_guard lock(state_->mutex);
  State::Root root = *state_->published->state_;
  const auto put = [&](auto item, WorkspaceNumber workspace) -> Result<void> {
    if (root.tenant(workspace) == nullptr) return Error{Errc::corrupt, 0, "catalogue record"};
    root.put(std::move(item));
    state_->publish(std::move(root));
    return {};
  };
  switch (at->kind) {
    case CatalogueKind::workspace: {
      Workspace workspace;
      workspace.number = at->number;
      if (Result<void> decoded = decode(value, workspace); !decoded) return decoded;
      const Workspace* const namesake = root.workspace_by_name(workspace.name);
      if (namesake != nullptr && namesake->number != at->number) return Error{Errc::corrupt, 0, "catalogue record"};
      root.put(std::move(workspace));
      state_->publish(std::move(root));
      return {};
    }
    case CatalogueKind::annotator: {
      Annotator annotator;
      annotator.number = at->number;
      if (Result<void> decoded = decode(value, annotator); !decoded) return decoded;
      const WorkspaceNumber workspace = annotator.workspace;
      return put(std::move(annotator), workspace);
    }
    case CatalogueKind::key: {
      ApiKey api_key;
      api_key.number = at->number;
      if (Result<void> decoded = decode(value, api_key); !decoded) return decoded;
      const WorkspaceNumber workspace = api_key.workspace;
      return put(std::move(api_key), workspace);
    }
    case CatalogueKind::label: {
      Label label;
      label.number = at->number;
      if (Result<void> decoded = decode(value, label); !decoded) return decoded;
      const WorkspaceNumber workspace = label.workspace;
      return put(std::move(label), workspace);
    }
  }
  return Error{Errc::corrupt, 0, "catalogue record"};
}

}  // namespace sluice
