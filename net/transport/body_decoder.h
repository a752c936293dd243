#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "net/transport/byte_buffer.h"

/// Undoes Content-Encoding: gzip or zstd in bounded slices, against decompression bombs: output, ratio, window and
/// members are capped. Threads: one io thread; reused from body to body.

namespace sluice {

enum class Coding : std::uint8_t { none, gzip, zstd };
/// nullopt: not a coding we take (415).
[[nodiscard]] std::optional<Coding> parse_coding(std::string_view content_encoding) noexcept;

class BodyDecoder {
 public:
  BodyDecoder();
  ~BodyDecoder();

  /// `input` must stay until the last step. `output_max`: of decoded bytes.
  void start(Coding coding, std::string_view input, std::size_t output_max);

  enum class Progress : std::uint8_t {
    more,      ///< A slice is done; call step() again.
    finished,  ///< output() is complete.
    failed,    ///< error() says why: decompression_failed, body_too_large, decompression_ratio.
  };
  /// Decodes at most about kSliceBytes, so that other connections of the thread get their turn.
  [[nodiscard]] Progress step();
  [[nodiscard]] Errc error() const noexcept { return error_; }
  /// Bytes the output holds in memory; grows while decoding.
  [[nodiscard]] std::size_t capacity() const noexcept { return output_.capacity(); }
  /// The decoded body, with padding behind it; leaves the decoder empty.
  [[nodiscard]] ByteBuffer take_output(std::size_t& size);
  void abandon() noexcept;

 private:
  static constexpr std::size_t kSliceBytes = 256 * 1024;
  struct Streams;
  Progress fail(Errc code) noexcept;
  Progress step_gzip(std::size_t room);
  Progress step_zstd(std::size_t room);
  void grow(std::size_t capacity);

  std::unique_ptr<Streams> streams_;
  Coding coding_ = Coding::none;
  std::string_view input_;
  std::size_t read_ = 0;     // Of input_.
  std::size_t written_ = 0;  // Of output_.
  std::size_t output_max_ = 0;
  std::size_t ratio_max_ = 0;
  int members_ = 0;
  Errc error_ = Errc::ok;
  ByteBuffer output_;
};

}  // namespace sluice
