#include "net/dialects/registry.h"

#include <array>

#ifdef SLUICE_FUTUREAGI
#include "net/dialects/futureagi/futureagi_dialect.h"
#endif
#ifdef SLUICE_EVALGUARD
#include "net/dialects/evalguard/evalguard_dialect.h"
#endif
#ifdef SLUICE_TWOSIGNAL
#include "net/dialects/twosignal/twosignal_dialect.h"
#endif

namespace sluice {

std::span<const Dialect* const> dialects() noexcept {
  static const std::array kDialects = {
      &native_dialect(),
#ifdef SLUICE_FUTUREAGI
      &futureagi_dialect(),
#endif
#ifdef SLUICE_EVALGUARD
      &evalguard_dialect(),
#endif
#ifdef SLUICE_TWOSIGNAL
      &twosignal_dialect(),
#endif
  };
  return kDialects;
}

}  // namespace sluice
