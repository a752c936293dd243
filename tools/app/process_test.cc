#include "tools/app/process.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice {
namespace {

TEST(ProcessTest, ConnectionsLeaveTheStoreItsDescriptors) {
  EXPECT_EQ(connections_within(1'000'000, 10'000), 10'000u);
  EXPECT_EQ(connections_within(20'000, 100'000), 15'000u);
  EXPECT_EQ(connections_within(1024, 10'000), 768u);
  EXPECT_EQ(connections_within(512, 10'000), 256u);
  EXPECT_EQ(connections_within(512, 10), 10u);
  EXPECT_THROW((void)connections_within(511, 10), std::runtime_error);
}

TEST(ProcessTest, AProcessThatKeepsItsMemoryPrivateLeavesNoCore) {
  const pid_t child = ::fork();
  if (child == 0) {
    keep_memory_private();
    rlimit limit{};
    const bool no_file = ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0;
    _exit(no_file && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sluice
