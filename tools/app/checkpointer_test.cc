#include "tools/app/checkpointer.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <pthread.h>

#include "engine/base/check.h"
#include "store/data_dir.h"

namespace sluice {
namespace {

/// While it lives no thread can be started: each would ask for a stack larger than the address space.
class NoThreads {
 public:
  NoThreads() {
    SLUICE_CHECK(::pthread_getattr_default_np(&before_) == 0);
    pthread_attr_t huge;
    SLUICE_CHECK(::pthread_attr_init(&huge) == 0);
    SLUICE_CHECK(::pthread_attr_setstacksize(&huge, std::size_t{1} << 48) == 0);
    SLUICE_CHECK(::pthread_setattr_default_np(&huge) == 0);
    ::pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() {
    SLUICE_CHECK(::pthread_setattr_default_np(&before_) == 0);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

TEST(CheckpointerTest, AThreadThatCannotBeStartedFailsTheBackupAndNotTheServer) {
  std::string directory = std::filesystem::temp_directory_path() / "sluice-checkpointer-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  {
    const DataDir data(directory + "/data");
    const std::unique_ptr<Store> store = Store::open(data, {});
    Checkpointer checkpointer(*store, data.path());
    {
      const NoThreads none;
      const OperatorPages::Answer answer = checkpointer.answer(true);
      EXPECT_EQ(answer.status, 503);
      EXPECT_NE(answer.body.find(R"("state":"failed","message":"no thread)"), std::string::npos) << answer.body;
    }
    EXPECT_NE(checkpointer.answer(false).body.find("failed"), std::string::npos);
    EXPECT_EQ(checkpointer.answer(true).status, 202) << "it may be tried again";
    checkpointer.wait();
    EXPECT_NE(checkpointer.answer(false).body.find("ready"), std::string::npos);
    store->close();
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace sluice
