#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/model/label.h"
#include "engine/model/principal.h"

/// Workspaces, annotators, keys and labels: everything small that rows refer to by number.
///
/// CatalogueSnapshot is immutable; any thread may hold one. Catalogue owns the current snapshot: apply() (any thread, a
/// mutex inside) makes a change visible at once and queues its record; the committer drains the queue into every group
/// AFTER it has taken that group's blocks, so a change is in the same or an earlier write than the first row that
/// carries it. Who needs the change to be durable (every API answer) asks for room for an empty batch before apply(),
/// since a change cannot be taken back, and submits it after.

namespace sluice {

struct Workspace {
  WorkspaceNumber number = 0;
  Uuid id;
  std::string name;
  bool strict_sources = false;
  WallTime created_at = 0;
};

struct Annotator {
  AnnotatorNumber number = 0;
  Uuid id;
  WorkspaceNumber workspace = 0;
  std::string name;
  std::string email;
  WallTime created_at = 0;
};

/// What one key may do per second. Absent: what the server's settings say; 0: no limit.
struct RateLimits {
  std::optional<std::uint64_t> requests;
  std::optional<std::uint64_t> scores;  ///< Of writes, before they are checked against their labels.
  std::optional<std::uint64_t> bytes;   ///< Of bodies, on the wire.
  [[nodiscard]] bool operator==(const RateLimits&) const = default;
};

struct ApiKey {
  KeyNumber number = 0;
  std::string id;                         ///< Public: "sl" + 10 characters (or the bootstrap key's own).
  std::array<std::uint8_t, 32> digest{};  ///< HMAC-SHA-256(pepper, secret); never the secret.
  std::string name;
  WorkspaceNumber workspace = 0;
  AnnotatorNumber annotator = 0;
  std::uint8_t scopes = 0;
  bool revoked = false;
  WallTime created_at = 0;
  WallTime revoked_at = 0;
  RateLimits rates;
  [[nodiscard]] Principal principal() const noexcept { return {number, workspace, annotator, scopes}; }
};

class CatalogueSnapshot {
 public:
  ~CatalogueSnapshot();

  /// Grows with every change: a cached lookup is still good while this is the same.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

  [[nodiscard]] const Workspace* workspace(WorkspaceNumber number) const noexcept;
  [[nodiscard]] const Workspace* workspace_by_name(std::string_view name) const noexcept;
  [[nodiscard]] const Annotator* annotator(AnnotatorNumber number) const noexcept;
  [[nodiscard]] const Annotator* annotator_by_id(WorkspaceNumber workspace, const Uuid& id) const noexcept;
  [[nodiscard]] const ApiKey* key(std::string_view id) const noexcept;
  [[nodiscard]] std::vector<const ApiKey*> keys() const;           ///< By number.
  [[nodiscard]] std::vector<const Workspace*> workspaces() const;  ///< By number.

  [[nodiscard]] const Label* label(LabelNumber number) const noexcept;
  [[nodiscard]] const Label* label_by_id(WorkspaceNumber workspace, const Uuid& id) const noexcept;
  /// A user label that is not archived, by exact name. Errors: label_not_found, label_ambiguous (several types).
  [[nodiscard]] Result<const Label*> label_by_name(WorkspaceNumber workspace, std::string_view name) const noexcept;
  /// Labels a dialect creates on first use; nullptr when it has not been used yet.
  [[nodiscard]] const Label* dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                           std::string_view name) const noexcept;
  [[nodiscard]] std::vector<const Label*> labels(WorkspaceNumber workspace) const;  ///< By number, archived included.

 private:
  friend class Catalogue;
  struct Workspaces;
  std::uint64_t version_ = 0;
  std::shared_ptr<const Workspaces> state_;  // Shares unchanged parts with the snapshot before it.
};
using CataloguePtr = std::shared_ptr<const CatalogueSnapshot>;

// Changes. Each names what it needs; numbers, ids and times are the catalogue's to give.
struct CreateLabel {
  WorkspaceNumber workspace = 0;
  LabelOrigin origin = LabelOrigin::user;
  LabelType type = LabelType::numeric;
  std::string name, description, project, settings_json;
  LabelRules rules;
  bool allow_notes = false;
};
struct UpdateLabel {
  WorkspaceNumber workspace = 0;
  Uuid id;
  std::optional<std::string> name, description, project, settings_json;
  std::optional<LabelRules> rules;  ///< With settings_json.
  std::optional<bool> allow_notes, archived;
};
struct CreateKey {
  std::string workspace_name;   ///< Created when it does not exist.
  bool strict_sources = false;  ///< For a workspace created by this change.
  std::string key_id;
  std::array<std::uint8_t, 32> digest{};
  std::string name;  ///< Of the key.
  std::string annotator_name,
      annotator_email;               ///< The same e-mail (or name, without one) in a workspace is the same annotator.
  std::optional<Uuid> annotator_id;  ///< An existing annotator of the workspace, or the id to give a new one.
  std::uint8_t scopes = 0;
  RateLimits rates;  ///< Each at most limits::kRateMax.
};
struct RevokeKey {
  std::string key_id;
};
struct SetWorkspace {
  std::string name;
  bool strict_sources = false;
};
using CatalogueChange = std::variant<std::monostate, CreateLabel, UpdateLabel, CreateKey, RevokeKey, SetWorkspace>;

// Error::where of a label that is limit_reached by bytes; of one too many it is "labels".
inline constexpr char kLabelBytesOfWorkspace[] = "bytes of the workspace's labels";
inline constexpr char kLabelBytesOfAll[] = "bytes of all labels";

/// What a change made or touched; pointers live in `snapshot`.
struct CatalogueResult {
  CataloguePtr snapshot;
  const Label* label = nullptr;
  const ApiKey* key = nullptr;
  const Workspace* workspace = nullptr;
};

/// One record of the log's catalogue family.
struct CatalogueEntry {
  std::string key;    ///< Kind byte ‖ number, big endian.
  std::string value;  ///< Version byte ‖ fields; store/README.md.
};

class Catalogue {
 public:
  Catalogue();
  ~Catalogue();

  [[nodiscard]] CataloguePtr snapshot() const noexcept;  ///< Any thread. Often: see CatalogueReader.
  [[nodiscard]] std::uint64_t version() const noexcept;  ///< Of the newest snapshot, or of one before it. Any thread.
  /// Any thread. Errors: name_taken, type_is_fixed, label_not_found, limit_reached, not_found, bad_choice.
  /// RevokeKey of a revoked key and other repeats succeed and change nothing.
  [[nodiscard]] Result<CatalogueResult> apply(const CatalogueChange& change, WallTime now);
  /// First use of an evaluator's name or of EvalGuard's label: returns the existing one or creates it.
  [[nodiscard]] Result<CatalogueResult> ensure_dialect_label(WorkspaceNumber workspace, LabelOrigin origin,
                                                             std::string_view name, WallTime now);

  /// Committer: adds the records of all changes since the last call to `out`, which holds earlier ones by key; a newer
  /// record takes the place of an older. Cheap when there are none (one relaxed load).
  void drain(std::vector<CatalogueEntry>& out);
  /// Start-up, before any other call: one record as it was drained. Errors: corrupt, format_too_new.
  [[nodiscard]] Result<void> load(std::string_view key, std::string_view value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
