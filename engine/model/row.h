#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/score_record.h"

/// Rows and the blocks that hold them. The bytes are specified, with a worked example, in store/README.md.
/// BlockBuilder: one owning thread (a shard). BlockView: immutable, any thread; it borrows the block's bytes.

namespace sluice {

/// A row as it stands in a block. Texts are borrowed from the block's bytes.
struct Row {
  EventKind kind = EventKind::set;
  IdentityKind identity = IdentityKind::positional;
  std::uint8_t patch_fields = 0;
  bool parent_in_identity = false;
  bool has_notes = false;
  WorkspaceNumber workspace = 0;
  AnnotatorNumber annotator = 0;
  DialectCode dialect = DialectCode::native;
  LabelNumber label = 0;
  SourceRef source;
  SourceRef parent;
  Value value;
  std::string_view verdict;
  std::string_view notes;
  std::string_view score_source;
  std::string_view client_id;
  std::string_view queue_item;
  std::string_view metadata;
  std::optional<WallTime> event_time;
  std::optional<Hash128> idempotency;  ///< Set on every row of a batch with an Idempotency-Key (with `item`).
  std::uint32_t item = 0;
  TargetIdentity target;               ///< patch, erase.
};

/// Backing store for the parts of a Row that are not contiguous in the block: unpacked UUID texts, selections.
/// Reused from row to row; a Row decoded with it is valid until the next decode with the same scratch. Copies that must
/// live longer are taken by the reader (engine/read) into a page's arena.
class RowScratch {
 public:
  std::string text;                        // Reserved up front so that it never moves while a row borrows from it.
  std::vector<std::string_view> selection;
};

struct Posting {
  std::uint64_t hash = 0;
  std::uint16_t slot = 0;
  bool parent = false;  ///< The row is posted here as a child of this source.
};

/// What the store must index for a closed block.
struct BlockPostings {
  std::vector<Posting> by_source;
  std::vector<Posting> by_client_id;
  struct Slot { std::uint32_t owner; std::uint16_t slot; };
  std::vector<Slot> by_annotator;   ///< owner: AnnotatorNumber. Rows of kind `source` are in by_source only.
  std::vector<Slot> by_workspace;   ///< owner: WorkspaceNumber.
  void clear() noexcept;
};

/// What a row takes from its batch and from the label that was found, not from the record.
struct RowContext {
  WorkspaceNumber workspace = 0;
  AnnotatorNumber annotator = 0;
  DialectCode dialect = DialectCode::native;
  LabelNumber label = 0;
  std::optional<Hash128> idempotency;
};

class BlockBuilder {
 public:
  explicit BlockBuilder(const KeyedHash& keys);
  ~BlockBuilder();

  /// Appends one row; requires !full(). Returns its slot. `value` is the checked value of `record`.
  std::uint16_t add(const ScoreRecord& record, const Value& value, const RowContext& context);
  [[nodiscard]] std::size_t rows() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;
  [[nodiscard]] bool full() const noexcept;
  /// Whether rows more rows of about bytes more bytes still fit (atomic batches).
  [[nodiscard]] bool fits(std::size_t rows, std::size_t bytes) const noexcept;

  /// Ends the block: moves bytes (without time and checksum, see seal_block) and postings out, and starts anew.
  void finish(std::string& bytes, BlockPostings& postings);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Stamps the group's insert time into a finished block and computes its checksum. The committer's step.
void seal_block(std::string& bytes, WallTime inserted_at, std::uint64_t sequence) noexcept;

class BlockView {
 public:
  /// Checks version, structure and checksum. Errors: corrupt, format_too_new.
  [[nodiscard]] static Result<BlockView> open(std::string_view bytes) noexcept;
  /// For bytes this process sealed or already opened once: no checksum pass.
  [[nodiscard]] static Result<BlockView> open_trusted(std::string_view bytes) noexcept;

  [[nodiscard]] std::uint16_t rows() const noexcept;
  [[nodiscard]] WallTime inserted_at() const noexcept;
  [[nodiscard]] std::uint64_t sequence() const noexcept;
  /// Errors: corrupt (also for slot >= rows()). An emptied slot (erasure) gives not_found.
  [[nodiscard]] Result<void> row(std::uint16_t slot, Row& row, RowScratch& scratch) const;
  /// Two hints before row(), for who reads rows of many blocks: first where each row stands, a pass later the rows
  /// themselves, so that their cache misses overlap. Both take any slot.
  void prefetch_place(std::uint16_t slot) const noexcept;
  void prefetch_row(std::uint16_t slot) const noexcept;
  /// Postings recomputed from the rows: a pure function of the block (recovery, rebuild, verify).
  [[nodiscard]] Result<void> postings(const KeyedHash& keys, BlockPostings& out) const;

 private:
  std::string_view bytes_;
  std::uint16_t rows_ = 0;
};

/// Keyed hash of a client id for the by_client_id family.
[[nodiscard]] std::uint64_t client_id_hash(const KeyedHash& keys, WorkspaceNumber workspace,
                                           std::string_view client_id) noexcept;
/// What makes two events events of the same score, within one source. Texts are borrowed.
struct IdentityKey {
  IdentityKind kind = IdentityKind::positional;
  WorkspaceNumber workspace = 0;
  SourceRef source;
  std::string_view parent_id;     ///< Only with parent_in_identity.
  std::string_view client_id;     ///< client_id.
  LabelNumber label = 0;          ///< natural.
  AnnotatorNumber annotator = 0;  ///< natural.
  std::string_view queue_item;    ///< natural.
  std::uint32_t generation = 0;   ///< natural.
  Hash128 idempotency;            ///< idempotency, with item.
  std::uint32_t item = 0;
  Position origin;                ///< positional.
};
/// Compares fields, never only hashes.
[[nodiscard]] bool operator==(const IdentityKey& a, const IdentityKey& b) noexcept;
/// Of a row at `own`; a patch or erase gives the identity it targets. `generation` counts for natural sets only.
[[nodiscard]] IdentityKey identity_of(const Row& row, Position own, std::uint32_t generation) noexcept;
/// Of a record that was committed at `own` (answers that name ids without a read).
[[nodiscard]] IdentityKey identity_of(const ScoreRecord& record, const RowContext& context, Position own,
                                      std::uint32_t generation) noexcept;
/// Score id: UUIDv8 = 64 bits source hash ‖ 58 bits keyed identity hash.
[[nodiscard]] Uuid score_id(const KeyedHash& keys, std::uint64_t source_hash, const IdentityKey& identity);
/// The 64 source-hash bits of a score id (always recoverable); nullopt when it is no UUIDv8 of ours.
[[nodiscard]] std::optional<std::uint64_t> source_hash_of(const Uuid& score_id) noexcept;

}  // namespace sluice
