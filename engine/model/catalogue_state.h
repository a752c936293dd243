#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/catalogue.h"
#include "engine/model/persistent_map.h"

/// What a catalogue snapshot holds, and the indexes over it. Only catalogue*.cc includes this.
/// A value: copying one is copying a few roots, so a change works on a copy and either becomes the next snapshot or is
/// dropped. Not synchronised; snapshots are const, the working copy belongs to whoever holds Catalogue's lock.

namespace sluice {

struct CatalogueSnapshot::Workspaces {
  using LabelPtr = std::shared_ptr<const Label>;
  /// The user labels of one case-folded name that are not archived.
  struct Name {
    std::string folded;
    std::vector<LabelPtr> labels;
  };
  /// A workspace with what it alone refers to.
  struct Tenant {
    Workspace info;
    PersistentMap<Label> labels_by_id;
    PersistentMap<Label> dialect_labels;  // By origin and exact name.
    PersistentMap<Name> names;
    PersistentMap<Annotator> annotators_by_id;
    PersistentMap<Annotator> annotators_by_identity;
    std::size_t label_count = 0;
    std::size_t label_bytes = 0;  // Sum of held_bytes().
  };
  struct NamedWorkspace {
    std::string name;
    WorkspaceNumber number;
  };

  // Numbers to give next; never reused.
  WorkspaceNumber next_workspace = 1;
  AnnotatorNumber next_annotator = 1;
  KeyNumber next_key = 1;
  LabelNumber next_label = 1;
  std::size_t workspace_count = 0;
  std::size_t key_count = 0;
  std::size_t label_bytes = 0;  // Of all workspaces.

  PersistentMap<Tenant> tenants;  // By number.
  PersistentMap<NamedWorkspace> workspace_names;
  PersistentMap<Annotator> annotators;  // By number.
  PersistentMap<ApiKey> keys;           // By number.
  PersistentMap<ApiKey> keys_by_id;
  PersistentMap<Label> labels;  // By number.

  [[nodiscard]] const Tenant* tenant(WorkspaceNumber number) const;
  [[nodiscard]] const Workspace* workspace_by_name(std::string_view name) const;
  [[nodiscard]] const ApiKey* key(std::string_view id) const;
  [[nodiscard]] const LabelPtr* label(LabelNumber number) const;
  [[nodiscard]] const Label* label_by_id(WorkspaceNumber workspace, const Uuid& id) const;
  [[nodiscard]] const Label* dialect_label(WorkspaceNumber workspace, LabelOrigin origin, std::string_view name) const;
  [[nodiscard]] const Annotator* annotator_by_id(WorkspaceNumber workspace, const Uuid& id) const;
  [[nodiscard]] const Annotator* annotator_by_identity(WorkspaceNumber workspace, std::string_view name,
                                                       std::string_view email) const;
  /// The labels a new one of this name could clash with; nullptr when there are none.
  [[nodiscard]] const Name* labels_named(WorkspaceNumber workspace, std::string_view name) const;

  /// Whether `label`, new or in place of the one of its number, keeps labels within their bytes; one that takes no more
  /// than before always does. The workspace must exist. Errors: limit_reached.
  [[nodiscard]] Result<void> room_for(const Label& label) const;

  // Each adds or replaces the entry of its number, with every index. The workspace must exist.
  void put(Workspace workspace);
  void put(Annotator annotator);
  void put(ApiKey key);
  void put(Label label);

 private:
  [[nodiscard]] static std::uint64_t text_hash(std::uint64_t domain, std::string_view text);
  [[nodiscard]] static std::string identity_text(std::string_view name, std::string_view email);
  static void add_name(Tenant& tenant, const LabelPtr& label);
  static void remove_name(Tenant& tenant, const Label& label);
  void remove_indexes(const Label& label);
  void put_tenant(Tenant tenant);
};

/// The one label EvalGuard's annotations hang on.
inline constexpr std::string_view kAnnotationName = "annotation";
[[nodiscard]] std::string ascii_folded(std::string_view text);

}  // namespace sluice
