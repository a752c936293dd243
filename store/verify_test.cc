#include "store/verify.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/internal/databases.h"
#include "store/internal/index_writer.h"
#include "store/test_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using store_test::make_group;
using store_test::OpenStore;
using store_test::small_options;
using store_test::TempDir;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t kBlocks = 60;

/// Rows refer to workspace 1, annotator 1 and label 1: the first of each that a catalogue makes.
void add_catalogue(Group& group) {
  Catalogue catalogue;
  CreateKey key;
  key.workspace_name = "main";
  key.key_id = "slkey";
  key.annotator_name = "Ann";
  key.scopes = kIngest;
  ASSERT_TRUE(catalogue.apply(key, 1));
  CreateLabel label;
  label.workspace = 1;
  label.type = LabelType::thumbs_up_down;
  label.name = "liked";
  ASSERT_TRUE(catalogue.apply(label, 1));
  catalogue.drain(group.catalogue);
}

/// A data directory with kBlocks blocks, two thirds of them indexed, in files: closed in order.
void fill(const std::string& path) {
  StoreOptions options = small_options();
  options.segment_rows = 40;
  OpenStore open(path, options);
  for (std::uint64_t block = 1; block <= kBlocks; ++block) {
    const std::string number = std::to_string(block);
    Group group = make_group(open.keys, open.store->log().tail(),
                             {{{.source = "all", .client_id = "c" + number}, {.source = "s" + number, .parent = "p"}}});
    if (block == 1) add_catalogue(group);
    ASSERT_EQ(open.store->log().append(group), Durability::durable);
  }
  ASSERT_TRUE(open.store->settle(30));
  for (int more = 0; more < 5; ++more) ASSERT_EQ(open.append({{{.source = "unindexed"}}}), Durability::durable);
  fs::create_directory(path + "/copies");
  (void)open.store->checkpoint(path + "/copies/log");  // Flushes, so that the log's blocks lie in tables.
}

/// Turns one bit of the file in its middle.
void damage(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(fs::file_size(path) / 2);
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 4);
  file.seekp(at);
  file.put(byte);
}

fs::path largest(const std::string& directory, const char* extension) {
  fs::path found;
  for (const auto& file : fs::directory_iterator(directory))
    if (file.path().extension() == extension && (found.empty() || file.file_size() > fs::file_size(found)))
      found = file;
  return found;
}

std::vector<std::string> problems(const Verification& result) {
  std::vector<std::string> out;
  for (const Problem& problem : result.problems) out.push_back(problem.what + " -> " + problem.next_step);
  return out;
}

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override { fill(temp.data()); }
  Verification verify() { return verify_data(DataDir(temp.data())); }
  TempDir temp;
};

TEST_F(VerifyTest, CountsWhatAWholeDirectoryHolds) {
  const Verification result = verify();
  EXPECT_THAT(problems(result), IsEmpty());
  EXPECT_EQ(result.log.blocks, kBlocks + 5);
  EXPECT_EQ(result.log.sets, 2 * kBlocks + 5);
  EXPECT_EQ(result.log.commits, kBlocks + 5);
  EXPECT_EQ(result.log.acked, kBlocks + 5);
  EXPECT_EQ(result.log.labels, 1u);
  EXPECT_EQ(result.log.keys, 1u);
  ASSERT_TRUE(result.index);
  EXPECT_EQ(result.index->indexed_block, kBlocks);
  EXPECT_EQ(result.index->by_source, 3 * kBlocks);  // "all", its own, and the parent.
  EXPECT_EQ(result.index->by_client_id, kBlocks);
  EXPECT_EQ(result.index->by_workspace, kBlocks);
}

TEST_F(VerifyTest, LeavesTheDirectoryAsItWas) {
  const auto listing = [&] {
    std::vector<std::string> out;
    for (const auto& file : fs::recursive_directory_iterator(temp.data()))
      if (file.is_regular_file()) out.push_back(file.path().string() + " " + std::to_string(file.file_size()));
    std::sort(out.begin(), out.end());
    return out;
  };
  (void)verify();
  const auto before = listing();
  (void)verify();
  EXPECT_EQ(listing(), before);
}

TEST_F(VerifyTest, NamesADamagedTableOfTheLog) {
  const fs::path table = largest(temp.data() + "/log", ".sst");
  damage(table);
  EXPECT_THAT(problems(verify()), Contains(testing::AllOf(HasSubstr(table.filename().string()), HasSubstr("restore"))));
}

TEST_F(VerifyTest, NamesADamagedTableOfTheIndexAndRebuildsIt) {
  const fs::path table = largest(temp.data() + "/index", ".sst");
  damage(table);
  EXPECT_THAT(problems(verify()),
              Contains(testing::AllOf(HasSubstr(table.filename().string()), HasSubstr("--rebuild-index"))));
  rebuild_index(DataDir(temp.data()), small_options());
  const Verification result = verify();
  EXPECT_THAT(problems(result), IsEmpty());
  EXPECT_EQ(result.index->indexed_block, kBlocks + 5);
}

TEST_F(VerifyTest, SaysThatALostIndexCanBeRebuilt) {
  fs::remove_all(temp.data() + "/index");
  EXPECT_THAT(problems(verify()), Contains(HasSubstr("--rebuild-index")));
  rebuild_index(DataDir(temp.data()), small_options());
  EXPECT_THAT(problems(verify()), IsEmpty());
}

TEST_F(VerifyTest, FindsThatAcknowledgedCommitsAreMissing) {
  write_acked(temp.data(), kBlocks + 6);
  EXPECT_THAT(problems(verify()), Contains(testing::AllOf(HasSubstr("acknowledged"), HasSubstr("restore"))));
}

/// Puts a row into a family of the closed index or log, or takes it out, behind Sluice's back.
template <class Change>
void change(const std::string& path, std::vector<std::string> names, Change&& make) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), path, families, &handles, &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  make(*db, handles);
  for (auto* const handle : handles) db->DestroyColumnFamilyHandle(handle);
}
const std::vector<std::string> kIndexNames = {"default", "by_source", "by_annotator", "by_workspace", "by_client_id"};
const std::vector<std::string> kLogNames = {"default", "scores", "catalogue"};

std::string block_key(std::uint64_t block) {
  std::string key;
  put_u64_be(key, block);
  return key;
}

TEST_F(VerifyTest, FindsAnEntryThatTheIndexLacksAndOneThatItHasTooMany) {
  std::string taken;
  change(temp.data() + "/index", kIndexNames, [&](rocksdb::DB& db, auto& families) {
    const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator({}, families[kByClientId]));
    at->SeekToFirst();
    taken = at->key().ToString();
    ASSERT_TRUE(db.Delete({}, families[kByClientId], taken).ok());
    ASSERT_TRUE(db.Put({}, families[kBySource], std::string(8, 'x') + block_key(3), std::string(1, '\0')).ok());
    ASSERT_TRUE(db.Put({}, families[kBySource], std::string(8, 'x') + block_key(900), std::string(1, '\0')).ok());
  });
  const auto found = problems(verify());
  const std::string block = std::to_string(load_u64_be(taken.data() + 8));
  EXPECT_THAT(found, Contains(HasSubstr("by_client_id differs from the log for the blocks " + block + " to " + block +
                                        ": the log gives 1 entries, the index has 0")));
  EXPECT_THAT(found,
              Contains(HasSubstr("by_source differs from the log for the blocks 3 to 3: the log gives 3 entries, "
                                 "the index has 4")));
  EXPECT_THAT(found, Contains(HasSubstr("by_source has an entry for block 900")));
}

TEST_F(VerifyTest, FindsAMissingBlockAndOneThatWasChanged) {
  change(temp.data() + "/log", kLogNames, [&](rocksdb::DB& db, auto& families) {
    ASSERT_TRUE(db.Delete({}, families[kScores], block_key(7)).ok());
    std::string bytes;
    ASSERT_TRUE(db.Get({}, families[kScores], block_key(9), &bytes).ok());
    bytes[40] = static_cast<char>(bytes[40] ^ 1);
    ASSERT_TRUE(db.Put({}, families[kScores], block_key(9), bytes).ok());
    ASSERT_TRUE(db.Get({}, families[kScores], block_key(11), &bytes).ok());
    ASSERT_TRUE(db.Put({}, families[kScores], block_key(12), bytes).ok());
    ASSERT_TRUE(db.Delete({}, families[kScores], block_key(kBlocks + 5)).ok());
  });
  const auto found = problems(verify());
  EXPECT_THAT(found, Contains(HasSubstr("block 7 is missing")));
  EXPECT_THAT(found, Contains(HasSubstr("block 9 fails its checksum")));
  EXPECT_THAT(found, Contains(HasSubstr("block 12 carries the number 11")));
  EXPECT_THAT(found, Contains(HasSubstr("its last block is 64, but the last commit names 65")));
}

TEST_F(VerifyTest, ACheckpointHoldsEverythingAppendedBeforeItAndIsIndependent) {
  const TempDir elsewhere;
  fs::create_directory(elsewhere.data());
  {
    OpenStore open(temp.data());
    EXPECT_EQ(open.store->checkpoint(elsewhere.data() + "/log"), kBlocks + 5);
    ASSERT_EQ(open.append({{{.source = "later"}}}), Durability::durable);
    EXPECT_THROW((void)open.store->checkpoint(elsewhere.data() + "/log"), std::runtime_error) << "never overwritten";
  }
  fs::remove_all(temp.data() + "/log");
  const Verification result = verify_log_copy(elsewhere.data());
  EXPECT_THAT(problems(result), IsEmpty());
  EXPECT_EQ(result.log.commits, kBlocks + 5);
}

}  // namespace
}  // namespace sluice
