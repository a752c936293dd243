#include "store/data_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/test_support.h"

namespace sluice {
namespace {

using store_test::TempDir;
using testing::HasSubstr;

std::string refusal(const std::string& path) {
  try {
    const DataDir directory(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(DataDirTest, MakesAPrivateDirectoryAndKeepsItsSecret) {
  const TempDir temp;
  KeyedHash::Key key{};
  {
    const DataDir first(temp.data());
    EXPECT_TRUE(first.created());
    key = first.hash_key();
  }
  struct stat info {};
  ASSERT_EQ(::stat((temp.data() + "/secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat(temp.data().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  const DataDir second(temp.data());
  EXPECT_FALSE(second.created());
  EXPECT_EQ(second.hash_key(), key);
  EXPECT_NE(key, KeyedHash::Key{});
}

TEST(DataDirTest, MakesWhatIsMissingAboveItToo) {
  const TempDir temp;
  { const DataDir first(temp.path() + "/above/it/data/"); }
  EXPECT_FALSE(DataDir(temp.path() + "/above/it/data").created());
}

TEST(DataDirTest, DifferentDirectoriesHaveDifferentSecrets) {
  const TempDir temp;
  EXPECT_NE(DataDir(temp.path() + "/a").hash_key(), DataDir(temp.path() + "/b").hash_key());
}

TEST(DataDirTest, IsLockedWhileItIsOpenAndSaysByWhom) {
  const TempDir temp;
  EXPECT_FALSE(DataDir::is_locked(temp.data()));
  {
    const DataDir first(temp.data());
    EXPECT_TRUE(DataDir::is_locked(temp.data()));
    EXPECT_THAT(refusal(temp.data()), HasSubstr("in use by process " + std::to_string(::getpid())));
  }
  EXPECT_FALSE(DataDir::is_locked(temp.data()));
}

TEST(DataDirTest, RefusesWhatItCannotServe) {
  const struct {
    const char* name;
    void (*spoil)(const std::string& data);
    const char* says;
  } kCases[] = {
      {"a newer format", [](const std::string& data) { write(data + "/FORMAT", "sluice 2\n"); }, "has format 2"},
      {"a foreign format file", [](const std::string& data) { write(data + "/FORMAT", "hello\n"); }, "not a Sluice"},
      {"a format without a version", [](const std::string& data) { write(data + "/FORMAT", "sluice \n"); },
       "no version"},
      {"a lost secret", [](const std::string& data) { std::filesystem::remove(data + "/secret"); }, "no `secret`"},
      {"one wrong bit in the secret",
       [](const std::string& data) {
         std::fstream file(data + "/secret", std::ios::in | std::ios::out | std::ios::binary);
         const int byte = file.get();
         file.seekp(0).put(static_cast<char>(byte ^ 1));
       },
       "secret is damaged"},
      {"a cut secret", [](const std::string& data) { write(data + "/secret", "short"); }, "damaged"},
      {"data without a format",
       [](const std::string& data) {
         std::filesystem::remove(data + "/FORMAT");
         std::filesystem::create_directory(data + "/log");
       },
       "no FORMAT"},
  };
  for (const auto& c : kCases) {
    const TempDir temp;
    { const DataDir first(temp.data()); }
    c.spoil(temp.data());
    EXPECT_THAT(refusal(temp.data()), HasSubstr(c.says)) << c.name;
    EXPECT_FALSE(DataDir::is_locked(temp.data())) << c.name;
  }
}

}  // namespace
}  // namespace sluice
