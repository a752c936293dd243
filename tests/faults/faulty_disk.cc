// A disk that fails and forgets, and a clock that is set, to preload (LD_PRELOAD) under the unchanged server.
//
// It stands between the process and libc's file calls, for files below FAULTY_DISK_ROOT only, and does four things:
//   - Remembers per file how many bytes a sync has made durable, in a shared mapping that survives SIGKILL. Whoever
//     holds the mapping can then cut every file back to that, which is what a power cut may leave (faulty_disk.py).
//   - Makes the k-th call of one kind fail, once or from then on. A failed sync drops what it should have made durable:
//     Linux marks the pages clean, so a later sync of them succeeds without writing them.
//   - Makes every sync take longer, so that a kill falls into one.
//   - Adds State::clock_offset_ns to CLOCK_REALTIME, which whoever holds the mapping may change at any time.
//
//   FAULTY_DISK_STATE  file of sizeof(State), zeroed; required
//   FAULTY_DISK_ROOT   directory; required
//   FAULTY_DISK_FAIL   kind:errno:k or kind:errno:k+ ("for ever"); kinds: write fdatasync fsync open rename
//   FAULTY_DISK_MATCH  only paths that contain this text fail
//   FAULTY_DISK_SYNC_US  microseconds added to every sync
//
// Not seen: what libc does inside itself (stdio; RocksDB's information log), file names that were not synced,
// overwritten bytes; time() and gettimeofday(), which the server does not call (RocksDB does).

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

enum Kind { kWrite, kFdatasync, kFsync, kOpen, kRename, kKinds };
constexpr const char* kKindNames[kKinds] = {"write", "fdatasync", "fsync", "open", "rename"};

constexpr std::uint32_t kFiles = 16384;
constexpr int kDescriptors = 65536;

// The layout is read by faulty_disk.py.
struct State {
  std::atomic<std::uint32_t> armed;  // Calls count, and fail, only while it is 1.
  std::atomic<std::uint32_t> fired;  // Calls that were made to fail.
  std::array<std::atomic<std::uint64_t>, kKinds> calls;
  std::atomic<std::int64_t> clock_offset_ns;
  struct File {
    std::atomic<std::uint64_t> inode;  // 0: unused.
    std::atomic<std::uint64_t> synced;
  };
  std::array<File, kFiles> files;
};
static_assert(sizeof(State) == 8 + 8 * kKinds + 8 + 16 * kFiles);

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "faulty_disk: %s\n", why);
  std::_Exit(125);
}

template <typename Function>
Function* real(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) give_up(name);
  return reinterpret_cast<Function*>(found);
}

struct Plan {
  State* state = nullptr;
  std::string_view root;
  const char* match = nullptr;
  int kind = -1;
  int error = 0;
  std::uint64_t at = 0;
  bool for_ever = false;
  long sync_us = 0;
  // 0: not ours; else slot + 1 in state->files; kOther: below the root but without a slot (a directory, a reader).
  std::array<std::atomic<std::uint32_t>, kDescriptors> slots{};
  std::array<std::atomic<bool>, kDescriptors> matched{};
};
constexpr std::uint32_t kOther = ~0u;

void parse_failure(Plan& plan, const char* text) {
  char kind[16];
  char error[16];
  unsigned long long at = 0;
  char suffix = 0;
  if (std::sscanf(text, "%15[^:]:%15[^:]:%llu%c", kind, error, &at, &suffix) < 3) give_up("FAULTY_DISK_FAIL");
  for (int i = 0; i < kKinds; ++i) {
    if (std::strcmp(kind, kKindNames[i]) == 0) plan.kind = i;
  }
  plan.error = std::strcmp(error, "ENOSPC") == 0 ? ENOSPC : EIO;
  plan.at = at;
  plan.for_ever = suffix == '+';
  if (plan.kind < 0 || at == 0) give_up("FAULTY_DISK_FAIL");
}

Plan* make_plan() {
  auto* const plan = new Plan;  // Never destroyed: other threads use it to the end.
  const char* const path = std::getenv("FAULTY_DISK_STATE");
  const char* const root = std::getenv("FAULTY_DISK_ROOT");
  if (path == nullptr || root == nullptr) give_up("FAULTY_DISK_STATE and FAULTY_DISK_ROOT must be set");
  const int fd = real<int(const char*, int, ...)>("open")(path, O_RDWR | O_CLOEXEC);
  void* const mapped = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || mapped == MAP_FAILED) give_up("FAULTY_DISK_STATE cannot be mapped");
  real<int(int)>("close")(fd);
  plan->state = static_cast<State*>(mapped);
  plan->root = root;
  plan->match = std::getenv("FAULTY_DISK_MATCH");
  if (const char* const failure = std::getenv("FAULTY_DISK_FAIL")) parse_failure(*plan, failure);
  if (const char* const slow = std::getenv("FAULTY_DISK_SYNC_US")) {
    plan->sync_us = std::strtol(slow, nullptr, 10);
  }
  return plan;
}

Plan& plan() {
  static Plan* const made = make_plan();
  return *made;
}

bool below_root(const char* path) { return std::string_view(path).starts_with(plan().root); }
bool matches(const char* path) { return plan().match == nullptr || std::strstr(path, plan().match) != nullptr; }

/// Counts the call; true when it has to fail.
bool fails(Kind kind, bool match) {
  Plan& p = plan();
  if (!match || p.state->armed.load(std::memory_order_relaxed) == 0) return false;
  const std::uint64_t number = p.state->calls[kind].fetch_add(1) + 1;
  if (kind != p.kind || (p.for_ever ? number < p.at : number != p.at)) return false;
  p.state->fired.fetch_add(1);
  errno = p.error;
  return true;
}

std::uint32_t slot_of(int fd) {
  return fd >= 0 && fd < kDescriptors ? plan().slots[static_cast<std::size_t>(fd)].load(std::memory_order_acquire) : 0;
}
bool matched(int fd) { return plan().matched[static_cast<std::size_t>(fd)].load(std::memory_order_relaxed); }

std::uint64_t size_of(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

/// The file's place in the table; `known`: it was there already.
std::uint32_t find_slot(std::uint64_t inode, bool& known) {
  auto& files = plan().state->files;
  for (std::uint32_t step = 0; step < kFiles; ++step) {
    const std::uint32_t slot = static_cast<std::uint32_t>((inode + step) % kFiles);
    std::uint64_t found = 0;
    known = !files[slot].inode.compare_exchange_strong(found, inode) && found == inode;
    if (known || found == 0) return slot;
  }
  give_up("too many files");
}

void opened(int fd, const char* path, int flags) {
  struct stat info {};
  if (fd >= kDescriptors || fstat(fd, &info) != 0) return;
  std::uint32_t value = kOther;
  if (S_ISREG(info.st_mode) && (flags & O_ACCMODE) != O_RDONLY) {
    bool known = false;
    const std::uint32_t slot = find_slot(info.st_ino, known);
    // An empty one is new, whatever had its inode before; one from before this process is durable.
    if (info.st_size == 0 || !known) {
      plan().state->files[slot].synced.store(static_cast<std::uint64_t>(info.st_size));
    }
    value = slot + 1;
  }
  plan().matched[static_cast<std::size_t>(fd)].store(matches(path), std::memory_order_relaxed);
  plan().slots[static_cast<std::size_t>(fd)].store(value, std::memory_order_release);
}

template <typename Open>
int watched_open(const char* path, int flags, Open open_it) {
  if (!below_root(path)) return open_it();
  if (fails(kOpen, matches(path))) return -1;
  const int fd = open_it();
  if (fd >= 0) opened(fd, path, flags);
  return fd;
}

int watched_sync(int fd, Kind kind, int (*sync_it)(int)) {
  const std::uint32_t slot = slot_of(fd);
  if (slot == 0) return sync_it(fd);
  if (plan().sync_us != 0) {
    const timespec slower{plan().sync_us / 1'000'000, plan().sync_us % 1'000'000 * 1000};
    nanosleep(&slower, nullptr);
  }
  const bool tracked = slot != kOther;
  auto* const file = tracked ? &plan().state->files[slot - 1] : nullptr;
  if (fails(kind, matched(fd))) {
    const int error = errno;
    if (tracked && ftruncate(fd, static_cast<off_t>(file->synced.load())) != 0) give_up("cannot drop unsynced bytes");
    errno = error;
    return -1;
  }
  const std::uint64_t size = tracked ? size_of(fd) : 0;  // Before the sync: what is written meanwhile may not be in it.
  const int result = sync_it(fd);
  if (result == 0 && tracked) file->synced.store(size);
  return result;
}

template <typename Write>
ssize_t watched_write(int fd, Write write_it) {
  if (slot_of(fd) != 0 && fails(kWrite, matched(fd))) return -1;
  return write_it();
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

#define WATCHED_OPEN(name)                                                    \
  int name(const char* path, int flags, ...) {                              \
    static auto* const next = real<int(const char*, int, ...)>(#name);      \
    va_list arguments;                                                       \
    va_start(arguments, flags);                                              \
    const mode_t mode = mode_of(flags, arguments);                           \
    va_end(arguments);                                                       \
    return watched_open(path, flags, [&] { return next(path, flags, mode); }); \
  }
#define WATCHED_OPEN_2(name)                                             \
  int name(const char* path, int flags) {                              \
    static auto* const next = real<int(const char*, int)>(#name);      \
    return watched_open(path, flags, [&] { return next(path, flags); }); \
  }
#define WATCHED_PWRITE(name)                                                             \
  ssize_t name(int fd, const void* bytes, size_t size, off_t at) {                     \
    static auto* const next = real<ssize_t(int, const void*, size_t, off_t)>(#name);   \
    return watched_write(fd, [&] { return next(fd, bytes, size, at); });               \
  }

extern "C" {

WATCHED_OPEN(open)
WATCHED_OPEN(open64)
WATCHED_OPEN_2(__open_2)
WATCHED_OPEN_2(__open64_2)
WATCHED_PWRITE(pwrite)
WATCHED_PWRITE(pwrite64)

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  return watched_write(fd, [&] { return next(fd, bytes, size); });
}
int fdatasync(int fd) {
  static auto* const next = real<int(int)>("fdatasync");
  return watched_sync(fd, kFdatasync, next);
}
int fsync(int fd) {
  static auto* const next = real<int(int)>("fsync");
  return watched_sync(fd, kFsync, next);
}
int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static auto* const next = real<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, now);
  if (result != 0 || clock != CLOCK_REALTIME) return result;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t shown = now->tv_sec * kSecond + now->tv_nsec + plan().state->clock_offset_ns.load();
  *now = {shown / kSecond, shown % kSecond};
  return 0;
}
int rename(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("rename");
  if (below_root(from) && fails(kRename, matches(from) || matches(to))) return -1;
  return next(from, to);
}
int close(int fd) {
  static auto* const next = real<int(int)>("close");
  if (slot_of(fd) != 0) plan().slots[static_cast<std::size_t>(fd)].store(0, std::memory_order_release);
  return next(fd);
}

}  // extern "C"
