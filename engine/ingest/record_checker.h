#pragma once

#include <array>
#include <string_view>

#include "engine/ingest/batch.h"
#include "engine/model/catalogue_reader.h"

/// Decides whether one record may be stored: precheck, label, value. Threads: owned by one shard.

namespace sluice {

using Clock = WallTime (*)();

/// A record that passed. Must not move after check(): `value` may borrow from `scratch`.
struct CheckedRecord {
  Value value;
  std::string_view scratch;
  LabelNumber label = 0;
};

class RecordChecker {
 public:
  RecordChecker(Catalogue& catalogue, Clock clock) : catalogue_(catalogue), newest_(catalogue), clock_(clock) {}

  /// Before the first record of a batch: looks at the catalogue as it is now.
  void begin(const Batch& batch);
  /// ok: `checked` holds what the row needs. Otherwise the code; `checked.label` is set when a label was found.
  /// A label named for the first time by a dialect that may do so is created, except in a dry run.
  [[nodiscard]] Errc check(const ScoreRecord& record, CheckedRecord& checked);

 private:
  [[nodiscard]] Errc find_label(const LabelRef& ref, const Label*& label);
  [[nodiscard]] Errc look_up(const LabelRef& ref, const Label*& label);
  [[nodiscard]] Errc dialect_label(LabelOrigin origin, std::string_view name, const Label*& label);

  void take_newest();

  Catalogue& catalogue_;
  CatalogueReader newest_;
  const Clock clock_;
  const CatalogueSnapshot* snapshot_ = nullptr;  // What newest_ holds.
  WorkspaceNumber workspace_ = 0;
  bool dry_run_ = false;
  // Labels found in this snapshot for this workspace: one comparison instead of a walk through the catalogue. Doubled:
  // nothing, a client has few labels. Halved: mixed batches of 16 labels walk again.
  struct Recent {
    LabelRef::Kind kind = LabelRef::Kind::none;
    const Label* label = nullptr;
  };
  std::array<Recent, 32> recent_;
};

}  // namespace sluice
