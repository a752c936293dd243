#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "net/transport/chunked_body.h"

/// Any bytes, in any split, decode to the same body and end at the same place.

using sluice::ChunkedBody;

namespace {

struct Outcome {
  ChunkedBody::State state = ChunkedBody::State::need_more;
  std::string body;
  std::size_t consumed = 0;
};

Outcome decode(std::string_view bytes, std::size_t split) {
  ChunkedBody chunks;
  Outcome outcome;
  for (std::size_t end = 0;; end += split) {
    const std::size_t limit = end < bytes.size() ? end : bytes.size();
    for (;;) {
      const ChunkedBody::Step step = chunks.next(bytes.substr(outcome.consumed, limit - outcome.consumed));
      outcome.consumed += step.consumed;
      SLUICE_CHECK(outcome.consumed <= limit);
      outcome.state = step.state;
      if (step.state != ChunkedBody::State::data) break;
      SLUICE_CHECK(!step.data.empty());
      outcome.body.append(step.data);
    }
    if (outcome.state != ChunkedBody::State::need_more || limit == bytes.size()) return outcome;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = decode(bytes, size == 0 ? 1 : size);
  const Outcome split = decode(bytes, size == 0 ? 1 : 1 + data[size - 1] % 5);
  SLUICE_CHECK(whole.state == split.state && whole.body == split.body && whole.consumed == split.consumed);
  SLUICE_CHECK(whole.body.size() <= size);
  return 0;
}
