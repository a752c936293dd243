#pragma once

/// Programmer errors only: never reachable from the network, a file or the clock.
/// A failed check prints the condition with its place and aborts; it is on in every build.

namespace sluice {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace sluice

#define SLUICE_CHECK(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::sluice::check_failed(#condition, __FILE__, __LINE__))
