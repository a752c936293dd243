#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/internal/file_io.h"
#include "store/internal/open_store.h"
#include "store/test_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using store_test::BlockSpec;
using store_test::make_group;
using store_test::OpenStore;
using store_test::small_options;
using store_test::TempDir;
using store_test::trace;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kChildDirectory[] = "SLUICE_STORE_TEST_DIRECTORY";
constexpr std::uint64_t kChildBlocks = 100;

BlockSpec spec_of(std::uint64_t block) {
  return {{.source = "all", .client_id = "c" + std::to_string(block)}, {.source = "s" + std::to_string(block)}};
}

std::string refusal(const std::string& path) {
  try {
    const OpenStore open(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// Runs ChildTest of this binary, which appends kChildBlocks blocks and dies by SIGKILL without closing.
void append_and_die(const std::string& data) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv(kChildDirectory, data.c_str(), 1);
    ::execl("/proc/self/exe", "store_test", "--gtest_filter=ChildTest.*", "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

TEST(ChildTest, AppendsAndDies) {
  const char* const data = std::getenv(kChildDirectory);
  if (data == nullptr) GTEST_SKIP() << "runs only as a child of RecoveryTest";
  StoreOptions options = small_options();
  options.segment_rows = 60;
  OpenStore open(data, options);
  for (std::uint64_t block = 1; block <= kChildBlocks; ++block) {
    ASSERT_EQ(open.append({spec_of(block)}), Durability::durable);
    if (block == kChildBlocks / 2) {
      ASSERT_TRUE(open.store->settle(30));
    }
  }
  ::kill(::getpid(), SIGKILL);
}

void expect_everything(OpenStore& open) {
  EXPECT_EQ(open.store->log().tail().last_block, kChildBlocks);
  EXPECT_EQ(open.store->log().tail().last_commit_sequence, kChildBlocks);
  const auto view = open.store->reader().view();
  EXPECT_THAT(open.by_source(*view, "all"), SizeIs(kChildBlocks));
  for (std::uint64_t block = 1; block <= kChildBlocks; ++block) {
    const std::string id = "s" + std::to_string(block);
    const auto hits = open.by_source(*view, id);
    ASSERT_THAT(hits, SizeIs(1)) << id;
    EXPECT_TRUE(open.holds(*view, hits[0].at, id));
    std::vector<PostingHit> by_client;
    ASSERT_TRUE(view->by_client_id(client_id_hash(open.keys, 1, "c" + std::to_string(block)), by_client));
    EXPECT_THAT(by_client, SizeIs(1));
  }
}

fs::path newest_wal(const std::string& data) {
  fs::path newest;
  for (const auto& file : fs::directory_iterator(data + "/log")) {
    if (file.path().extension() == ".log" && file.path().filename() > newest.filename()) newest = file.path();
  }
  return newest;
}

void damage_table(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(10);  // In the first data block, which opening does not read.
  file << "damage";
}

void write_acked(const std::string& data, std::uint64_t sequence) {
  AckedFile acked(data + "/ACKED");
  ASSERT_TRUE(acked.write(sequence));
}

TEST(RecoveryTest, AfterAKillEveryAckedRowIsFoundOnce) {
  const TempDir temp;
  append_and_die(temp.data());
  for (int round = 0; round < 2; ++round) {
    OpenStore open(temp.data());
    EXPECT_GE(open.store->metrics().indexed_block, kChildBlocks / 2);
    expect_everything(open);
    if (round == 1) {
      ASSERT_EQ(open.append({spec_of(kChildBlocks + 1)}), Durability::durable);
      EXPECT_THAT(open.by_source("all"), SizeIs(kChildBlocks + 1));
    }
  }
}

TEST(RecoveryTest, RebuildsALostOrDamagedIndex) {
  const TempDir temp;
  append_and_die(temp.data());
  fs::remove_all(temp.data() + "/index");
  {
    OpenStore open(temp.data());
    expect_everything(open);
    ASSERT_TRUE(open.store->settle(30));
  }
  std::ofstream(temp.data() + "/index/CURRENT") << "MANIFEST-999999\n";
  OpenStore open(temp.data());
  expect_everything(open);
}

TEST(RecoveryTest, AnIndexTableFoundDamagedInServiceIsRebuiltAtTheNextStart) {
  const TempDir temp;
  append_and_die(temp.data());
  std::vector<fs::path> tables;
  for (const auto& file : fs::directory_iterator(temp.data() + "/index")) {
    if (file.path().extension() == ".sst") tables.push_back(file.path().filename());
  }
  ASSERT_GE(tables.size(), 5u);
  int found_in_service = 0;
  for (const fs::path& table : tables) {
    const std::string data = temp.path() + "/" + table.stem().string();
    fs::copy(temp.data(), data, fs::copy_options::recursive);
    damage_table(data + "/index/" + table.string());
    {
      OpenStore open(data);
      const auto view = open.store->reader().view();
      std::vector<PostingHit> hits;
      std::vector<Position> page;
      bool failed = !view->by_annotator(1, {}, 1000, page) || !view->by_workspace(1, {}, 1000, page);
      for (std::uint64_t block = 1; block <= kChildBlocks; ++block) {
        const std::uint64_t source = source_hash(open.keys, 1, trace("s" + std::to_string(block)));
        const std::uint64_t client = client_id_hash(open.keys, 1, "c" + std::to_string(block));
        failed = failed || !view->by_source(source, SourceRows::both, hits) || !view->by_client_id(client, hits);
      }
      found_in_service += failed ? 1 : 0;
      EXPECT_EQ(open.store->metrics().index_damaged, failed) << table;
      EXPECT_FALSE(open.store->metrics().log_damaged) << table;
      if (!failed) expect_everything(open);  // The watermark's table: rebuilt at this start already.
    }
    OpenStore open(data);
    expect_everything(open);
  }
  EXPECT_GE(found_in_service, 4) << "by_source, by_client_id, by_annotator, by_workspace";
}

TEST(RecoveryTest, ALogWithoutItsCurrentFileIsNotTakenForANewOne) {
  const TempDir temp;
  append_and_die(temp.data());
  const std::string current = temp.data() + "/log/CURRENT";
  fs::rename(current, temp.path() + "/CURRENT");
  EXPECT_THAT(refusal(temp.data()), HasSubstr("CURRENT is missing"));
  fs::rename(temp.path() + "/CURRENT", current);
  OpenStore open(temp.data());
  expect_everything(open);
}

TEST(RecoveryTest, RebuildsAnIndexOfAnOlderFormat) {
  const TempDir temp;
  append_and_die(temp.data());
  {
    const std::string path = temp.data() + "/index";
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> index(opened);
    // The newest watermark, as the first format wrote it.
    std::string newest;
    put_u64_be(newest, ~kChildBlocks);
    ASSERT_TRUE(index->Put({}, newest, "\x01").ok());
    for (rocksdb::ColumnFamilyHandle* const handle : handles) index->DestroyColumnFamilyHandle(handle);
  }
  testing::internal::CaptureStderr();
  OpenStore open(temp.data());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is in an older format; it is rebuilt"));
  expect_everything(open);
}

TEST(RecoveryTest, RefusesToServeWhenAcknowledgedCommitsAreMissing) {
  const TempDir temp;
  append_and_die(temp.data());
  write_acked(temp.data(), kChildBlocks + 1);
  EXPECT_THAT(refusal(temp.data()), HasSubstr("acknowledged scores are missing"));
  fs::remove(temp.data() + "/ACKED");
  OpenStore open(temp.data());
  expect_everything(open);
}

TEST(RecoveryTest, RefusesADamagedAckedFile) {
  const TempDir temp;
  { const OpenStore open(temp.data()); }
  std::ofstream(temp.data() + "/ACKED") << "0123456789abcdef";
  EXPECT_THAT(refusal(temp.data()), HasSubstr("ACKED is damaged"));
}

TEST(RecoveryTest, RemembersTheHighestAckedCommitOverAClose) {
  const TempDir temp;
  {
    OpenStore open(temp.data());
    ASSERT_EQ(open.append({spec_of(1)}), Durability::durable);
    ASSERT_EQ(open.append({spec_of(2)}), Durability::durable);
  }
  EXPECT_EQ(AckedFile(temp.data() + "/ACKED").at_open(), 2u);
}

TEST(RecoveryTest, ToleratesGarbageThatWasNeverAcknowledged) {
  const TempDir temp;
  append_and_die(temp.data());
  write_acked(temp.data(), kChildBlocks);
  std::ofstream(newest_wal(temp.data()), std::ios::app | std::ios::binary) << std::string(500, '\x5a');
  OpenStore open(temp.data());
  expect_everything(open);
}

TEST(RecoveryTest, RefusesDamageInTheMiddleOfTheLog) {
  const TempDir temp;
  append_and_die(temp.data());
  write_acked(temp.data(), kChildBlocks);
  const fs::path wal = newest_wal(temp.data());
  {
    std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(wal) / 2));
    file << "damage damage damage";
  }
  EXPECT_THAT(refusal(temp.data()), HasSubstr("acknowledged scores are missing"));
  EXPECT_FALSE(fs::exists(temp.data() + "/log.probe"));
}

TEST(RecoveryTest, ALostLogDirectoryIsNotTakenForANewOne) {
  const TempDir temp;
  append_and_die(temp.data());
  fs::remove_all(temp.data() + "/log");
  fs::remove(temp.data() + "/ACKED");  // Else it tells.
  EXPECT_THAT(refusal(temp.data()), HasSubstr("an index but no log"));
  EXPECT_FALSE(fs::exists(temp.data() + "/log"));
}

TEST(RecoveryTest, AFirstStartThatWasCutOffMayBeginAgain) {
  const TempDir temp;
  { const DataDir directory(temp.data()); }  // FORMAT is there, and no log.
  OpenStore open(temp.data());
  EXPECT_EQ(open.store->log().tail().last_block, 0u);
}

TEST(RecoveryTest, ADamagedTableOfTheLogIsRefusedWithTheNextStep) {
  const TempDir temp;
  append_and_die(temp.data());
  { OpenStore open(temp.data()); }  // Replays the log into tables.
  fs::remove_all(temp.data() + "/index");
  int tables = 0;
  for (const auto& file : fs::directory_iterator(temp.data() + "/log")) {
    if (file.path().extension() != ".sst") continue;
    ++tables;
    const std::string data = temp.path() + "/" + file.path().stem().string();
    fs::copy(temp.data(), data, fs::copy_options::recursive);
    damage_table(data + "/log/" + file.path().filename().string());
    EXPECT_THAT(refusal(data), HasSubstr("restore the data directory from a backup")) << file.path();
  }
  EXPECT_GT(tables, 0);
}

TEST(RecoveryTest, ADamagedTableOfTheLogFoundInServiceShowsInTheMetrics) {
  const TempDir temp;
  append_and_die(temp.data());
  {
    OpenStore open(temp.data());  // Replays the log into tables.
    ASSERT_TRUE(open.store->settle(30));  // Indexed, so that a start reads no block of them.
  }
  int found_in_service = 0;
  for (const auto& file : fs::directory_iterator(temp.data() + "/log")) {
    if (file.path().extension() != ".sst") continue;
    const std::string data = temp.path() + "/" + file.path().stem().string();
    fs::copy(temp.data(), data, fs::copy_options::recursive);
    damage_table(data + "/log/" + file.path().filename().string());
    if (!refusal(data).empty()) continue;  // The commit record's.
    OpenStore open(data);
    bool failed = false;
    const auto view = open.store->reader().view();
    for (std::uint64_t block = 1; block <= kChildBlocks; ++block) failed = !view->block(block) || failed;
    found_in_service += failed ? 1 : 0;
    EXPECT_EQ(open.store->metrics().log_damaged, failed) << file.path();
  }
  EXPECT_GT(found_in_service, 0);
}

TEST(RecoveryTest, RefusesALogCutAtARecordsEdge) {
  const TempDir temp;
  append_and_die(temp.data());
  write_acked(temp.data(), kChildBlocks);
  const fs::path wal = newest_wal(temp.data());
  fs::resize_file(wal, fs::file_size(wal) / 2);
  EXPECT_THAT(refusal(temp.data()), HasSubstr("acknowledged scores are missing"));
}

/// A disk whose log files stop syncing on command.
class FailingDisk final : public rocksdb::FileSystemWrapper {
 public:
  FailingDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "FailingDisk"; }
  const char* Name() const override { return kClassName(); }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log")) *file = std::make_unique<File>(std::move(*file), *this);
    return status;
  }
  std::atomic<bool> fail_sync{false};

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& file, const FailingDisk& disk)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      if (disk_.fail_sync.load()) return rocksdb::IOStatus::IOError("injected");
      return FSWritableFileOwnerWrapper::Sync(options, context);
    }

   private:
    const FailingDisk& disk_;
  };
};

TEST(RecoveryTest, AFailedSyncIsUnknownAndStopsEveryLaterAppend) {
  // Never destroyed: a database with a background error is not closed.
  static auto* const disk = new std::shared_ptr<FailingDisk>(std::make_shared<FailingDisk>());
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(*disk).release();
  const TempDir temp;
  std::atomic<int> reports{0};
  {
    const DataDir directory(temp.data());
    const KeyedHash keys(directory.hash_key());
    const auto store = open_store(directory, small_options(), env);
    store->on_fatal([&](const char*) {
      reports.fetch_add(1);
      reports.notify_all();
    });
    Group good = make_group(keys, store->log().tail(), {{{.source = "good"}}});
    ASSERT_EQ(store->log().append(good), Durability::durable);
    (*disk)->fail_sync = true;
    Group lost = make_group(keys, store->log().tail(), {{{.source = "lost"}}});
    EXPECT_EQ(store->log().append(lost), Durability::unknown);
    (*disk)->fail_sync = false;
    Group later = make_group(keys, store->log().tail(), {{{.source = "later"}}});
    EXPECT_EQ(store->log().append(later), Durability::unknown) << "although the disk is healthy again";
    EXPECT_EQ(store->log().pressure(), 1.0);
    std::vector<PostingHit> hits;
    const auto view = store->reader().view();
    ASSERT_TRUE(view->by_source(source_hash(keys, 1, trace("lost")), SourceRows::both, hits));
    EXPECT_THAT(hits, IsEmpty()) << "what may not be durable is not shown";
    ASSERT_TRUE(view->by_source(source_hash(keys, 1, trace("good")), SourceRows::both, hits));
    EXPECT_THAT(hits, SizeIs(1)) << "reads go on";
    reports.wait(0);
    EXPECT_TRUE(store->metrics().background_error);
  }
  EXPECT_EQ(reports.load(), 1);
  // As after a restart: this process still holds the abandoned database's lock, so another directory takes the files.
  fs::copy(temp.data(), temp.path() + "/restarted", fs::copy_options::recursive);
  OpenStore open(temp.path() + "/restarted");
  EXPECT_THAT(open.by_source("good"), SizeIs(1));
  EXPECT_THAT(open.by_source("later"), IsEmpty());
  ASSERT_EQ(open.append({spec_of(7)}), Durability::durable);
}

}  // namespace
}  // namespace sluice
