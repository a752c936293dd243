#include "tools/app/process.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
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

TEST(ProcessTest, TheStoreMayOpenWhatConnectionsLeaveAndNobodyElseNeeds) {
  for (const std::size_t descriptors : std::initializer_list<std::size_t>{512, 1024, 4096, 1'000'000}) {
    const std::size_t connections = connections_within(descriptors, 1'000'000);
    EXPECT_LT(connections + store_descriptors(descriptors), descriptors);
    EXPECT_GE(store_descriptors(descriptors), 160u);
  }
  EXPECT_EQ(store_descriptors(20'000), 5000u - 96);
  EXPECT_GE(descriptor_limit(), store_descriptors(512));
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

TEST(ProcessTest, SecretsAmongTheArgumentsAreHiddenAndNothingElse) {
  std::string given[] = {"sluice", "import", "--key",       "id.secret", "--key=id.secret",
                         "--key",  "@file",  "--keys=id.s", "--key"};
  std::vector<char*> arguments;
  for (std::string& argument : given) arguments.push_back(argument.data());
  hide_arguments(static_cast<int>(arguments.size()), arguments.data(), {"--key", "--bootstrap-key"});
  EXPECT_THAT(given, testing::ElementsAre("sluice", "import", "--key", "*********", "--key=*********", "--key", "@file",
                                          "--keys=id.s", "--key"));
}

}  // namespace
}  // namespace sluice
