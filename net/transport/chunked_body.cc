#include "net/transport/chunked_body.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "net/transport/text.h"

namespace sluice {
namespace {

// Fifteen digits hold every size that could be meant; more are leading zeros sent to trouble someone.
constexpr std::size_t kSizeDigits = 15;
// Extensions mean nothing to us: without this bound a body of one-byte chunks could carry 256 times its size in them.
constexpr std::size_t kExtensionBytes = 64 * 1024;

}  // namespace

void ChunkedBody::refuse(const char* reason) noexcept {
  phase_ = Phase::refused;
  reason_ = reason;
}

void ChunkedBody::expect(char c, char wanted, Phase then) noexcept {
  if (c == wanted) {
    phase_ = then;
  } else {
    refuse("malformed chunk");
  }
}

void ChunkedBody::take_size(char c) noexcept {
  const int digit = text::hex_value(c);
  if (digit >= 0) {
    if (line_bytes_ > kSizeDigits) return refuse("chunk size too long");
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    phase_ = Phase::size;
    return;
  }
  if (phase_ == Phase::size_first) return refuse("malformed chunk size");
  if (c == ';') {
    phase_ = Phase::extension;
  } else {
    expect(c, '\r', Phase::size_lf);
  }
}

void ChunkedBody::take(char c) noexcept {
  switch (phase_) {
    case Phase::size_first:
    case Phase::size:
      ++line_bytes_;
      return take_size(c);
    case Phase::extension: {
      if (c == '\r') {
        phase_ = Phase::size_lf;
        return;
      }
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7F) return refuse("malformed chunk extension");
      if (++line_bytes_ > limits::kChunkLineBytes || ++extension_bytes_ > kExtensionBytes) {
        return refuse("chunk extensions are too long");
      }
      return;
    }
    case Phase::size_lf:
      line_bytes_ = 0;
      return expect(c, '\n', left_ == 0 ? Phase::last_cr : Phase::data);
    case Phase::data_cr: return expect(c, '\r', Phase::data_lf);
    case Phase::data_lf: return expect(c, '\n', Phase::size_first);
    case Phase::last_cr:
      if (c != '\r') return refuse("trailer fields are not accepted");
      phase_ = Phase::last_lf;
      return;
    case Phase::last_lf: return expect(c, '\n', Phase::done);
    case Phase::data:
    case Phase::done:
    case Phase::refused: return;
  }
}

ChunkedBody::Step ChunkedBody::next(std::string_view input) noexcept {
  std::size_t at = 0;
  for (;;) {
    if (phase_ == Phase::refused) return {State::refused, at, {}};
    if (phase_ == Phase::done) return {State::done, at, {}};
    if (at == input.size()) return {State::need_more, at, {}};
    if (phase_ == Phase::data) {
      const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= run;
      if (left_ == 0) phase_ = Phase::data_cr;
      return {State::data, at + run, input.substr(at, run)};
    }
    take(input[at++]);
  }
}

}  // namespace sluice
