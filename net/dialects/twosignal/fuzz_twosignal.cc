#include "net/dialect/endpoint_fuzzer.h"
#include "net/dialects/twosignal/twosignal_dialect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return sluice::fuzz_endpoint(sluice::twosignal_dialect(), data, size);
}
