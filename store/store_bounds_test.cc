#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "engine/base/limits.h"
#include "store/internal/open_store.h"
#include "store/store.h"
#include "store/test_support.h"

/// What a start and a read load at most, and on whose time.

namespace sluice {
namespace {

using store_test::BlockSpec;
using store_test::make_group;
using store_test::OpenStore;
using store_test::RowSpec;
using store_test::small_options;
using store_test::TempDir;
using store_test::trace;
using testing::IsEmpty;

TEST(StoreBoundsTest, AStartLoadsOnlyTheNewestAnswersThatTheTableHolds) {
  const TempDir temp;
  OpenStore open(temp.data());
  constexpr std::size_t kStored = limits::kIdempotencyEntries + 1000;
  const auto name = [](std::size_t number) {
    std::string key = "i";
    put_u64_be(key, number);
    return key + std::string(16, 'k');
  };
  for (std::size_t stored = 0; stored < kStored;) {
    Group group = make_group(open.keys, open.store->log().tail(), {});
    for (; group.idempotency.size() < 20'000 && stored < kStored; ++stored)
      group.idempotency.push_back({name(stored), "v"});
    ASSERT_EQ(open.store->log().append(group), Durability::durable);
  }
  Catalogue catalogue;
  std::vector<IdempotencyEntry> loaded;
  ASSERT_TRUE(open.store->log().load(catalogue, {}, loaded));
  ASSERT_EQ(loaded.size(), limits::kIdempotencyEntries);
  EXPECT_EQ(loaded.front().key, name(1000));
  EXPECT_EQ(loaded.back().key, name(kStored - 1));
  loaded.clear();
  ASSERT_TRUE(open.store->log().load(catalogue, {.since = 0, .tables = 2}, loaded));
  EXPECT_EQ(loaded.size(), kStored);
  EXPECT_EQ(loaded.front().key, name(0));
  // By bytes: fewer, but larger.
  Group large = make_group(open.keys, open.store->log().tail(), {});
  for (std::size_t more = 0; more < 3; ++more)
    large.idempotency.push_back({name(kStored + more), std::string(limits::kIdempotencyBytes / 3, 'v')});
  ASSERT_EQ(open.store->log().append(large), Durability::durable);
  loaded.clear();
  ASSERT_TRUE(open.store->log().load(catalogue, {}, loaded));
  EXPECT_LE(loaded.size(), 4u);
  EXPECT_GE(loaded.size(), 3u);
}

TEST(StoreBoundsTest, AParentPastTheLimitStillShowsItsOwnRows) {
  const TempDir temp;
  OpenStore open(temp.data());
  const SourceRef parent{SourceSpelling::session, {}, "parent"};
  const std::uint64_t hash = source_hash(open.keys, 1, parent);
  const std::uint64_t many = source_hash(open.keys, 1, trace("child"));
  const std::size_t kChildren = limits::kEventsPerSource + 1000;
  BlockSpec children(500, RowSpec{.source = "child", .parent = "parent"});
  for (std::size_t added = 0; added < kChildren;) {
    std::vector<BlockSpec> blocks;
    for (; blocks.size() < 20 && added < kChildren; added += children.size()) blocks.push_back(children);
    Durability stored = open.append(blocks);
    while (stored == Durability::refused && open.store->settle(30)) stored = open.append(blocks);
    ASSERT_EQ(stored, Durability::durable);
  }
  for (const bool indexed : {false, true}) {
    if (indexed) {
      ASSERT_TRUE(open.store->settle(60));
    }
    const auto view = open.store->reader().view();
    std::vector<PostingHit> hits;
    EXPECT_TRUE(view->by_source(hash, SourceRows::own, hits)) << indexed;
    EXPECT_THAT(hits, IsEmpty());
    EXPECT_EQ(view->by_source(hash, SourceRows::children, hits).error().code, Errc::limit_reached);
    EXPECT_EQ(view->by_source(many, SourceRows::own, hits).error().code, Errc::limit_reached);
    EXPECT_TRUE(view->by_source(many, SourceRows::children, hits));
    EXPECT_THAT(hits, IsEmpty());
    std::size_t visited = 0;
    Position last{};
    ASSERT_TRUE(view->visit_source(many, [&](Position at) {
      EXPECT_LT(last, at);
      last = at;
      return ++visited > 0;
    }));
    EXPECT_EQ(visited, kChildren);
    visited = 0;
    ASSERT_TRUE(view->visit_source(many, [&](Position) { return ++visited < 3; }));
    EXPECT_EQ(visited, 3u);
    ASSERT_TRUE(view->visit_source(hash, [&](Position) { return ++visited < 3; }));
    EXPECT_EQ(visited, 3u) << "children are no rows of their parent";
  }
}

TEST(StoreBoundsTest, AMemoryViewPassesOverAFewChildrenToFindOwnRows) {
  const TempDir temp;
  OpenStore open(temp.data());
  const std::uint64_t hash = source_hash(open.keys, 1, SourceRef{SourceSpelling::session, {}, "parent"});
  const auto add = [&](std::size_t children) {
    ASSERT_EQ(open.append({BlockSpec(children, RowSpec{.source = "child", .parent = "parent"})}), Durability::durable);
  };
  add(3 * limits::kEventsReadAtOnce);
  std::vector<PostingHit> hits;
  EXPECT_TRUE(open.store->reader().memory_view()->by_source(hash, SourceRows::own, hits));
  EXPECT_THAT(hits, IsEmpty());
  add(2 * limits::kEventsReadAtOnce);
  EXPECT_EQ(open.store->reader().memory_view()->by_source(hash, SourceRows::own, hits).error().code,
            Errc::limit_reached)
      << "an io thread has no time for more";
}

/// Which threads delete tables.
class DeletionWatch final : public rocksdb::FileSystemWrapper {
 public:
  DeletionWatch() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "DeletionWatch"; }
  const char* Name() const override { return kClassName(); }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (path.ends_with(".sst")) {
      deleted.fetch_add(1);
      if (std::this_thread::get_id() == reader) deleted_by_reader.fetch_add(1);
    }
    return FileSystemWrapper::DeleteFile(path, options, context);
  }
  const std::thread::id reader = std::this_thread::get_id();
  std::atomic<int> deleted{0};
  std::atomic<int> deleted_by_reader{0};
};

TEST(StoreBoundsTest, AReaderDoesNotDeleteTheTablesItsIteratorWasTheLastToUse) {
  const TempDir temp;
  const auto files = std::make_shared<DeletionWatch>();
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(files).release();
  const DataDir directory(temp.data());
  const KeyedHash keys(directory.hash_key());
  StoreOptions options = small_options();
  options.segment_rows = 64;
  const auto store = open_store(directory, options, env);
  BlockSpec spec;  // Runs that overlap, or they would be moved, not merged.
  for (int source = 0; source < 64; ++source) spec.push_back({.source = std::to_string(source)});
  const auto add_run = [&] {
    Group group = make_group(keys, store->log().tail(), {spec});
    ASSERT_EQ(store->log().append(group), Durability::durable);
    ASSERT_TRUE(store->settle(30));
  };
  add_run();
  bool merged = false;
  const auto view = store->reader().view();
  ASSERT_TRUE(view->visit_source(source_hash(keys, 1, trace("7")), [&](Position) {
    // While the iterator stands on the first run, all runs are merged away.
    for (int run = 0; !merged && run < 20; ++run) add_run();
    merged = true;
    return false;
  }));
  ASSERT_TRUE(merged);
  store->close();  // Ends what was left to the background.
  EXPECT_GT(files->deleted.load(), 0);
  EXPECT_EQ(files->deleted_by_reader.load(), 0);
}

/// How many tables are open.
class OpenTables final : public rocksdb::FileSystemWrapper {
 public:
  OpenTables() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "OpenTables"; }
  const char* Name() const override { return kClassName(); }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, file, context);
    if (!status.ok() || !path.ends_with(".sst")) return status;
    *file = std::make_unique<Table>(std::move(*file), *this);
    const int now = open.fetch_add(1) + 1;
    for (int most = most_open.load(); now > most && !most_open.compare_exchange_weak(most, now);) {
    }
    return status;
  }
  std::atomic<int> open{0};
  std::atomic<int> most_open{0};

 private:
  struct Table final : rocksdb::FSRandomAccessFileOwnerWrapper {
    Table(std::unique_ptr<rocksdb::FSRandomAccessFile> file, OpenTables& all)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), tables(all) {}
    ~Table() override { tables.open.fetch_sub(1); }
    OpenTables& tables;
  };
};

TEST(StoreBoundsTest, AStoreWithMoreTablesThanDescriptorsIsReadWhole) {
  const TempDir temp;
  constexpr int kRuns = 15;  // One less than begins a merge.
  constexpr std::size_t kRows = 64;
  StoreOptions options = small_options();
  options.segment_rows = kRows;
  options.open_files = 1;  // As few as can be.
  const auto name = [](int run, std::size_t row) { return std::to_string(run) + " " + std::to_string(row); };
  {
    OpenStore open(temp.data(), options);
    for (int run = 0; run < kRuns; ++run) {
      BlockSpec rows;
      for (std::size_t row = 0; row < kRows; ++row)
        rows.push_back({.source = name(run, row), .client_id = std::to_string(row)});
      ASSERT_EQ(open.append({rows}), Durability::durable);
      ASSERT_TRUE(open.store->settle(30));
    }
    open.store->close();
  }
  int tables = 0;
  for (const auto& file : std::filesystem::directory_iterator(temp.data() + "/index"))
    tables += file.path().extension() == ".sst" ? 1 : 0;
  EXPECT_GE(tables, 4 * kRuns) << "of five families";

  const auto files = std::make_shared<OpenTables>();
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(files).release();
  const DataDir directory(temp.data());
  const KeyedHash keys(directory.hash_key());
  const auto store = open_store(directory, options, env);
  const auto view = store->reader().view();
  for (int run = 0; run < kRuns; ++run) {
    for (std::size_t row = 0; row < kRows; ++row) {
      std::vector<PostingHit> hits;
      ASSERT_TRUE(view->by_source(source_hash(keys, 1, trace(name(run, row))), SourceRows::both, hits));
      ASSERT_EQ(hits.size(), 1u) << name(run, row);
      EXPECT_TRUE(view->block(hits.front().at.block).ok());
    }
  }
  // Ten of each database, one more of each of 16 shards, and the runs that one read stands on.
  EXPECT_LE(files->most_open.load(), 10 + 16 + kRuns + 10);
  EXPECT_GT(files->open.load(), 0);
  store->close();
}

/// A disk that writes the index's new tables only when told to.
class HeldTables final : public rocksdb::FileSystemWrapper {
 public:
  HeldTables() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "HeldTables"; }
  const char* Name() const override { return kClassName(); }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (path.find("/index.incoming/") != std::string::npos) held.wait(true);
    return FileSystemWrapper::NewWritableFile(path, options, file, context);
  }
  void release() {
    held = false;
    held.notify_all();
  }
  std::atomic<bool> held{true};
};

TEST(StoreBoundsTest, ABatchLetInJustBeforeMemoryWasFullIsNotHalfRefused) {
  const TempDir temp;
  const auto files = std::make_shared<HeldTables>();
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(files).release();
  StoreOptions options = small_options();
  options.hot_rows = 160;
  options.segment_rows = 80;
  const DataDir directory(temp.data());
  const KeyedHash keys(directory.hash_key());
  const auto store = open_store(directory, options, env);
  const auto append = [&](std::size_t rows) {
    Group group = make_group(keys, store->log().tail(), {BlockSpec(rows, RowSpec{.source = "a"})});
    return store->log().append(group);
  };
  EXPECT_EQ(append(140), Durability::durable);
  EXPECT_LT(store->log().pressure(), 1.0);
  EXPECT_EQ(append(10), Durability::durable);
  EXPECT_EQ(store->log().pressure(), 1.0) << "nothing more is let in";
  EXPECT_EQ(append(10), Durability::durable) << "what was let in before fits";
  EXPECT_EQ(append(1), Durability::refused);
  files->release();
  EXPECT_TRUE(store->settle(30));
  EXPECT_EQ(store->log().pressure(), 0.0);
  store->close();
}

}  // namespace
}  // namespace sluice
