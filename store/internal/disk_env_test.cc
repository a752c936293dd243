#include "store/internal/disk_env.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using store_test::TempDir;

void write_bytes(const std::string& path, std::size_t bytes) {
  std::ofstream(path, std::ios::binary) << std::string(bytes, 'x');
}

TEST(DiskEnvTest, ABigFileIsCutShortBeforeItsDeletion) {
  const TempDir temp;
  const std::string path = temp.path() + "/000004.log";
  write_bytes(path, std::size_t{5} << 20);
  delete_gradually(path);
  EXPECT_LE(fs::file_size(path), std::uintmax_t{1} << 20);
  write_bytes(path, std::size_t{5} << 20);
  ASSERT_TRUE(disk_env()->DeleteFile(path).ok());
  EXPECT_FALSE(fs::exists(path));
}

TEST(DiskEnvTest, AFileWithASecondNameKeepsItsBytes) {
  const TempDir temp;
  const std::string path = temp.path() + "/000005.sst";
  write_bytes(path, std::size_t{3} << 20);
  fs::create_hard_link(path, temp.path() + "/backup.sst");
  begin_gradual_deletion();
  ASSERT_TRUE(disk_env()->DeleteFile(path).ok());
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(fs::file_size(temp.path() + "/backup.sst"), std::uintmax_t{3} << 20);
}

TEST(DiskEnvTest, WhatIsNotThereIsNoError) {
  const TempDir temp;
  delete_gradually(temp.path() + "/nothing");
  EXPECT_TRUE(disk_env()->DeleteFile(temp.path() + "/nothing").IsPathNotFound() ||
              disk_env()->DeleteFile(temp.path() + "/nothing").IsIOError());
}

}  // namespace
}  // namespace sluice
