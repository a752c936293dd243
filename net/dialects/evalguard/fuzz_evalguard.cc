#include "net/dialect/endpoint_fuzzer.h"
#include "net/dialects/evalguard/evalguard_dialect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return sluice::fuzz_endpoint(sluice::evalguard_dialect(), data, size);
}
