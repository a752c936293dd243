#include "tools/app/process.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {
namespace {

constexpr std::size_t kDescriptorsLeast = 512;
// What connections leave at least. Halved: a large store under a small limit opens its tables again for most reads;
// doubled: fewer connections under a small limit.
constexpr std::size_t kReserve = 256;
// Of these: admin.sock's 32 places, three for each of 16 io threads, and what a process has anyway.
constexpr std::size_t kOwnDescriptors = 96;

// The allocator maps what is as large as this by itself. Left alone it raises the bound to the largest block freed so
// far, and pieces of former bodies and pages stay between small blocks: 540 instead of 340 MiB at a setting of 256.
// Halved: buffers that are kept anyway are mapped; doubled: more is kept.
constexpr int kMappedBytes = 256 * 1024;
constexpr int kTrimBytes = 4 << 20;  // Of small blocks, kept at the end of an arena.

std::size_t reserve_of(std::size_t descriptors) { return std::max(kReserve, descriptors / 4); }

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsLeast;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return static_cast<std::size_t>(raised.rlim_cur);
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : kDescriptorsLeast;
}

std::size_t store_descriptors(std::size_t descriptors) { return reserve_of(descriptors) - kOwnDescriptors; }

std::size_t connections_within(std::size_t descriptors, std::size_t wanted) {
  if (descriptors < kDescriptorsLeast)
    throw std::runtime_error("the limit of open files is " + std::to_string(descriptors) + ", and at least " +
                             std::to_string(kDescriptorsLeast) +
                             " are needed; raise it with ulimit -n or LimitNOFILE.");
  return std::min(wanted, descriptors - reserve_of(descriptors));
}

void give_freed_memory_back() noexcept {
  (void)::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  (void)::mallopt(M_TRIM_THRESHOLD, kTrimBytes);
}

void keep_memory_private() {
  const rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  // A core_pattern that pipes to a program ignores the limit, but not this.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void hide_arguments(int argc, char** argv, std::initializer_list<std::string_view> options) {
  const auto hide = [](char* value) {
    if (*value != '@') std::fill(value, value + std::strlen(value), '*');
  };
  for (int i = 1; i < argc; ++i) {
    for (const std::string_view option : options) {
      const std::string_view argument(argv[i]);
      if (argument == option && i + 1 < argc) hide(argv[i + 1]);
      if (argument.starts_with(option) && argument.substr(option.size()).starts_with('=')) {
        hide(argv[i] + option.size() + 1);
      }
    }
  }
}

}  // namespace sluice
