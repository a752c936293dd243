#include "store/internal/disk_env.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include <rocksdb/file_system.h>

#include "store/internal/crc32c.h"

namespace sluice {
namespace {

/// Halved: twice the time for a file. Doubled: syncs wait twice as long for one step (1.6 ms per MiB measured).
constexpr off_t kStepBytes = off_t{1} << 20;

/// Threads of RocksDB's high priority pool, which both databases share. Flushes run there, one at a time for each
/// database, and so do the deletions that a reader's iterator leaves behind: they are rare, but take 3 ms per MiB of a
/// merge that may be gigabytes, and on the only thread the log's flush would wait for them until writes stop. Halved:
/// two such deletions at once hold it up. Doubled: threads that never run.
constexpr int kHighPriorityThreads = 4;

/// What a flush or a merge writes at a time: 1 to 2 ms of work, before each of which it may rest (write_pacer.h).
/// Doubled: who serves waits twice as long for a processor; halved: twice the system calls. The log keeps RocksDB's
/// 1 MiB: with this a closed loop of batches of 100 did 10 % less (bench/README.md).
constexpr std::size_t kTableWriteBytes = std::size_t{256} << 10;

std::atomic<bool> gradual_deletion{false};

class DiskFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  DiskFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "SluiceDisk"; }

  rocksdb::FileOptions OptimizeForCompactionTableWrite(const rocksdb::FileOptions& options,
                                                       const rocksdb::ImmutableDBOptions& database) const override {
    rocksdb::FileOptions changed = FileSystemWrapper::OptimizeForCompactionTableWrite(options, database);
    changed.writable_file_max_buffer_size = kTableWriteBytes;
    return changed;
  }

  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (gradual_deletion.load(std::memory_order_relaxed)) delete_gradually(path);
    return FileSystemWrapper::DeleteFile(path, options, context);
  }
};

}  // namespace

void begin_gradual_deletion() noexcept { gradual_deletion.store(true, std::memory_order_relaxed); }

void delete_gradually(const std::string& path) noexcept {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if (info.st_nlink != 1) return;  // A checkpoint has it too.
  for (off_t left = info.st_size - kStepBytes; left > 0; left -= kStepBytes) {
    const auto begin = std::chrono::steady_clock::now();
    if (::truncate(path.c_str(), left) != 0) return;
    std::this_thread::sleep_for(std::chrono::steady_clock::now() - begin);  // As much for the others.
  }
}

rocksdb::Env* disk_env() {
  static rocksdb::Env* const env = [] {
    (void)use_hardware_crc32c();
    rocksdb::Env* const made = rocksdb::NewCompositeEnv(std::make_shared<DiskFileSystem>()).release();
    made->SetBackgroundThreads(kHighPriorityThreads, rocksdb::Env::HIGH);
    return made;
  }();
  return env;
}

}  // namespace sluice
