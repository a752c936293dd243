#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/transport/body_decoder.h"

/// Any bytes as a gzip or zstd body: the first byte chooses the coding and the output limit. Whatever they expand to
/// stays within its limits, and a decoder that was used before decodes as a new one.

using sluice::BodyDecoder;
using sluice::ByteBuffer;
using sluice::Coding;
using sluice::Errc;

namespace {

struct Outcome {
  Errc code = Errc::ok;
  std::string body;
};

Outcome decode(BodyDecoder& decoder, Coding coding, std::string_view input, std::size_t output_max) {
  decoder.start(coding, input, output_max);
  for (std::size_t steps = 0;; ++steps) {
    SLUICE_CHECK(steps <= 2 * sluice::limits::kGzipMembers + output_max + input.size());
    const BodyDecoder::Progress progress = decoder.step();

    if (progress == BodyDecoder::Progress::failed) return {decoder.error(), {}};
    if (progress == BodyDecoder::Progress::more) continue;
    std::size_t size = 0;
    ByteBuffer output = decoder.take_output(size);
    return {Errc::ok, {output.data(), size}};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Coding coding = (data[0] & 1) == 0 ? Coding::gzip : Coding::zstd;
  const std::size_t output_max = (data[0] & 2) == 0 ? 4u << 20 : 1000;
  // A heap copy of the exact size: the sanitizer sees one byte too far.
  const auto input = std::make_unique<char[]>(size - 1);
  std::memcpy(input.get(), data + 1, size - 1);
  const std::string_view bytes(input.get(), size - 1);

  BodyDecoder fresh;
  const Outcome outcome = decode(fresh, coding, bytes, output_max);
  SLUICE_CHECK(outcome.body.size() <= output_max);
  SLUICE_CHECK(outcome.body.size() <=
               std::max(sluice::limits::kRatioFreeBytes, bytes.size() * sluice::limits::kCompressionRatio));
  static BodyDecoder used;
  const Outcome again = decode(used, coding, bytes, output_max);
  SLUICE_CHECK(again.code == outcome.code && again.body == outcome.body);
  return 0;
}
