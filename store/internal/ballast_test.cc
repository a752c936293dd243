#include "store/internal/ballast.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/test_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using store_test::OpenStore;
using store_test::small_options;
using store_test::TempDir;
using testing::HasSubstr;

constexpr std::uint64_t kBytes = std::uint64_t{1} << 20;
constexpr DiskRoom kPlenty{.free = 100 * kBytes, .reserve = kBytes};

std::string refusal(const std::string& directory, std::uint64_t free_bytes) {
  try {
    require_room_for_start(directory, 64 * kBytes, free_bytes);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(BallastTest, TakesItsBlocksAndIsPrivate) {
  const TempDir temp;
  EXPECT_EQ(ballast_bytes(temp.path()), 0u);
  make_ballast(temp.path(), kBytes, kPlenty);
  struct stat info {};
  ASSERT_EQ(::stat((temp.path() + "/ballast").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), kBytes);
  EXPECT_GE(ballast_bytes(temp.path()), kBytes);
}

TEST(BallastTest, IsKeptAsItIs) {
  const TempDir temp;
  make_ballast(temp.path(), kBytes, kPlenty);
  make_ballast(temp.path(), 2 * kBytes, kPlenty);
  EXPECT_EQ(fs::file_size(temp.path() + "/ballast"), kBytes);
}

TEST(BallastTest, IsMadeOnlyWhereRoomIsPlenty) {
  struct Case {
    const char* name;
    std::uint64_t bytes;
    DiskRoom room;
    bool made;
  };
  constexpr Case kCases[] = {
      {"twice what is needed", kBytes, {4 * kBytes, kBytes}, true},
      {"a byte pair less", kBytes, {4 * kBytes - 2, kBytes}, false},
      {"below the reserve", kBytes, {kBytes / 2, kBytes}, false},
      {"a reserve larger than any disk", kBytes, {100 * kBytes, UINT64_MAX}, false},
      {"none asked for", 0, kPlenty, false},
  };
  for (const Case& c : kCases) {
    const TempDir temp;
    make_ballast(temp.path(), c.bytes, c.room);
    EXPECT_EQ(fs::exists(temp.path() + "/ballast"), c.made) << c.name;
    EXPECT_FALSE(fs::exists(temp.path() + "/ballast.new")) << c.name;
  }
}

TEST(BallastTest, AFailedAllocationSaysSoAndLeavesNothing) {
  const TempDir temp;
  // The file is made, and then refuses to grow: an error like a full disk's, without filling one.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit smaller{kBytes / 2, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &smaller), 0);
  testing::internal::CaptureStderr();
  make_ballast(temp.path(), kBytes, kPlenty);
  const std::string said = testing::internal::GetCapturedStderr();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(said, HasSubstr("/ballast of 1 MiB could not be made"));
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

TEST(BallastTest, WhatAKilledStartLeftOfItGoes) {
  const TempDir temp;
  std::ofstream(temp.path() + "/ballast.new") << "half";
  make_ballast(temp.path(), kBytes, {.free = 0, .reserve = kBytes});
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

TEST(BallastTest, AStartNeedsRoomForTheLogItReplays) {
  const TempDir temp;
  fs::create_directory(temp.path() + "/log");
  std::ofstream(temp.path() + "/log/000007.log") << std::string(2 * kBytes, 'x');
  std::ofstream(temp.path() + "/log/000008.sst") << std::string(2 * kBytes, 'x');
  EXPECT_EQ(refusal(temp.path(), 6 * kBytes), "");
  EXPECT_THAT(refusal(temp.path(), 6 * kBytes - 1), HasSubstr("5 MiB are free, and a start may write 6 MiB"));
  EXPECT_THAT(refusal(temp.path(), 0), HasSubstr("Free some and start again"));
  make_ballast(temp.path(), kBytes, kPlenty);
  EXPECT_THAT(refusal(temp.path(), 0), HasSubstr("Delete " + temp.path() + "/ballast, which gives back 1 MiB"));
}

TEST(BallastTest, AStoreMakesItsOwnAndTellsItsSize) {
  const TempDir temp;
  StoreOptions options = small_options();
  EXPECT_EQ(OpenStore(temp.data(), options).store->metrics().ballast_bytes, 0u) << "commands make none";
  options.ballast_bytes = std::nullopt;
  // Memtables and log files of 64 MiB of memory; blocks on disk are whole ones.
  EXPECT_GE(OpenStore(temp.data(), options).store->metrics().ballast_bytes, 40 * kBytes);
}

}  // namespace
}  // namespace sluice
