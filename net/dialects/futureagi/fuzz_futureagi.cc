#include "net/dialect/endpoint_fuzzer.h"
#include "net/dialects/futureagi/futureagi_dialect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return sluice::fuzz_endpoint(sluice::futureagi_dialect(), data, size);
}
