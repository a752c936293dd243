#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "bench/contestants/contestants.h"
#include "engine/base/histogram.h"
#include "engine/base/time.h"

/// Appends blocks of one size and syncs each: what a group's commit costs the disk at least. With every_ms it rests in
/// between: beside a load it shall feel the disk, not fill it.

namespace sluice::bench {

int run_probe(const RunOptions& options) {
  const std::string path = options.data + "/probe";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot create " + path);
  const std::string block(options.bytes, 'x');
  Histogram times;
  const MonotonicTime end = monotonic_now() + static_cast<MonotonicTime>(options.seconds * 1e9);
  while (monotonic_now() < end) {
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size())) break;
    const MonotonicTime before = monotonic_now();
    if (::fdatasync(fd) != 0) throw std::runtime_error("fdatasync failed");
    times.record(monotonic_now() - before);
    if (options.every_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options.every_ms));
  }
  ::close(fd);
  ::unlink(path.c_str());
  std::printf("{\"bytes\":%zu,\"syncs\":%lu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", options.bytes,
              times.count(), static_cast<double>(times.at(0.5)) * 1e-6, static_cast<double>(times.at(0.99)) * 1e-6,
              static_cast<double>(times.max_ns()) * 1e-6);
  return 0;
}

}  // namespace sluice::bench
