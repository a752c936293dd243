#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/model/row.h"
#include "engine/ports/record_log.h"
#include "engine/ports/record_reader.h"
#include "store/data_dir.h"
#include "store/store.h"

/// Set-up for the store's tests: directories that vanish, and groups made of short row descriptions.

namespace sluice::store_test {

class TempDir {
 public:
  TempDir() {
    std::string name = std::filesystem::temp_directory_path() / "sluice-store-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string data() const { return path_ + "/data"; }

 private:
  std::string path_;
};

struct RowSpec {
  std::string source = "s";
  std::string client_id = {};
  std::string parent = {};
  AnnotatorNumber annotator = 1;
  WorkspaceNumber workspace = 1;
};
using BlockSpec = std::vector<RowSpec>;

inline SourceRef trace(const std::string& id) { return {SourceSpelling::trace, {}, id}; }

/// The group that follows `tail`: one block per spec.
inline Group make_group(const KeyedHash& keys, const LogTail& tail, const std::vector<BlockSpec>& blocks) {
  Group group;
  group.commit_sequence = tail.last_commit_sequence + 1;
  group.inserted_at = tail.last_inserted_at + 1000;
  BlockBuilder builder(keys);
  std::uint64_t sequence = tail.last_block;
  for (const BlockSpec& rows : blocks) {
    for (const RowSpec& spec : rows) {
      ScoreRecord record;
      record.source = trace(spec.source);
      record.source_hash = source_hash(keys, spec.workspace, record.source);
      if (!spec.parent.empty()) record.parent = {SourceSpelling::session, {}, spec.parent};
      record.client_id = spec.client_id;
      if (!spec.client_id.empty()) record.identity = IdentityKind::client_id;
      Value value;
      value.kind = Value::Kind::thumb_up;
      RowContext context;
      context.workspace = spec.workspace;
      context.annotator = spec.annotator;
      context.label = 1;
      builder.add(record, value, context);
    }
    std::string bytes;
    GroupBlock block;
    builder.finish(bytes, block.postings);
    block.sequence = ++sequence;
    seal_block(bytes, group.inserted_at, block.sequence);
    block.bytes = std::make_shared<const std::string>(std::move(bytes));
    group.blocks.push_back(std::move(block));
  }
  return group;
}

/// Small budgets, so that segments are sealed and tables written within a test.
inline StoreOptions small_options() {
  StoreOptions options;
  options.memory_bytes = 64u << 20;
  options.segment_rows = 1000;
  options.hot_rows = 100'000;
  options.disk_reserve_bytes = 1;
  return options;
}

/// An open store and what tests ask of it.
struct OpenStore {
  explicit OpenStore(const std::string& path, StoreOptions options = small_options())
      : directory(path), keys(directory.hash_key()), store(Store::open(directory, options)) {}

  Durability append(const std::vector<BlockSpec>& blocks) {
    Group group = make_group(keys, store->log().tail(), blocks);
    return store->log().append(group);
  }
  std::vector<PostingHit> by_source(const std::string& id, WorkspaceNumber workspace = 1) {
    return by_source(*store->reader().view(), id, workspace);
  }
  std::vector<PostingHit> by_source(ReadView& view, const std::string& id, WorkspaceNumber workspace = 1) {
    std::vector<PostingHit> hits;
    if (!view.by_source(source_hash(keys, workspace, trace(id)), SourceRows::both, hits)) std::abort();
    return hits;
  }
  /// The row at `at` belongs to the source with this id.
  bool holds(ReadView& view, Position at, const std::string& id) {
    const Result<BlockRef> ref = view.block(at.block);
    if (!ref) return false;
    const Result<BlockView> block = BlockView::open(ref->bytes);
    Row row;
    RowScratch scratch;
    return block.ok() && block->row(at.slot, row, scratch).ok() && row.source.id == id;
  }

  DataDir directory;
  KeyedHash keys;
  std::unique_ptr<Store> store;
};

}  // namespace sluice::store_test
