#include "tools/app/process.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {
namespace {

constexpr std::size_t kDescriptorsLeast = 512;
// What the store may have open, and as many again for bursts of compaction. Halved: a large store under a small limit
// could run out; doubled: fewer connections under a small limit.
constexpr std::size_t kStoreDescriptors = 256;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsLeast;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return static_cast<std::size_t>(raised.rlim_cur);
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::size_t connections_within(std::size_t descriptors, std::size_t wanted) {
  if (descriptors < kDescriptorsLeast)
    throw std::runtime_error("the limit of open files is " + std::to_string(descriptors) + ", and at least " +
                             std::to_string(kDescriptorsLeast) +
                             " are needed; raise it with ulimit -n or LimitNOFILE.");
  return std::min(wanted, descriptors - std::max(kStoreDescriptors, descriptors / 4));
}

void keep_memory_private() {
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  // A core_pattern that pipes to a program ignores the limit, but not this.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace sluice
