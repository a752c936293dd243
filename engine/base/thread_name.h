#pragma once

#include <thread>

#include <pthread.h>

namespace sluice {

/// What `top -H`, debuggers and /proc/<pid>/task/*/comm call a thread; at most 15 characters, else nothing happens.
inline void name_thread(std::thread& thread, const char* name) noexcept {
  (void)::pthread_setname_np(thread.native_handle(), name);
}

}  // namespace sluice
