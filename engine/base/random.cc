#include "engine/base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "engine/base/check.h"

namespace sluice {

void fill_random(std::uint8_t* out, std::size_t size) noexcept {
  while (size > 0) {
    const ssize_t got = ::getrandom(out, size, 0);
    if (got < 0) {
      SLUICE_CHECK(errno == EINTR);
      continue;
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace sluice
