#include "net/dialect/endpoint_fuzzer.h"
#include "net/dialects/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return sluice::fuzz_endpoint(sluice::native_dialect(), data, size);
}
