#include "net/transport/body_decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "engine/base/check.h"
#include "net/transport/text.h"

namespace sluice {

struct BodyDecoder::Streams {
  z_stream gzip{};
  bool gzip_ready = false;
  ZSTD_DCtx* zstd = nullptr;

  ~Streams() {
    if (gzip_ready) inflateEnd(&gzip);
    ZSTD_freeDCtx(zstd);
  }
};

std::optional<Coding> parse_coding(std::string_view content_encoding) noexcept {
  if (content_encoding.empty() || text::equals_ignoring_case(content_encoding, "identity")) return Coding::none;
  if (text::equals_ignoring_case(content_encoding, "gzip") || text::equals_ignoring_case(content_encoding, "x-gzip")) {
    return Coding::gzip;
  }
  if (text::equals_ignoring_case(content_encoding, "zstd")) return Coding::zstd;
  return std::nullopt;
}

BodyDecoder::BodyDecoder() : streams_(std::make_unique<Streams>()) {}
BodyDecoder::~BodyDecoder() = default;

void BodyDecoder::start(Coding coding, std::string_view input, std::size_t output_max) {
  coding_ = coding;
  input_ = input;
  read_ = written_ = 0;
  members_ = 0;
  error_ = Errc::ok;
  output_max_ = output_max;
  ratio_max_ = std::max(limits::kRatioFreeBytes, input.size() * limits::kCompressionRatio);
  // JSON shrinks about four to eight times; growing doubles from there.
  output_ = ByteBuffer(std::min(output_max, std::max<std::size_t>(16 * 1024, input.size() * 6)));
  if (coding == Coding::gzip) {
    // 15 + 16: gzip only, neither zlib nor raw deflate.
    if (!streams_->gzip_ready) {
      SLUICE_CHECK(inflateInit2(&streams_->gzip, 15 + 16) == Z_OK);
      streams_->gzip_ready = true;
    } else {
      SLUICE_CHECK(inflateReset(&streams_->gzip) == Z_OK);
    }
  } else {
    if (streams_->zstd == nullptr) {
      streams_->zstd = ZSTD_createDCtx();
      SLUICE_CHECK(streams_->zstd != nullptr);
      SLUICE_CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(streams_->zstd, ZSTD_d_windowLogMax, limits::kZstdWindowLog)));
    }
    ZSTD_DCtx_reset(streams_->zstd, ZSTD_reset_session_only);
  }
}

BodyDecoder::Progress BodyDecoder::fail(Errc code) noexcept {
  error_ = code;
  abandon();
  return Progress::failed;
}

void BodyDecoder::abandon() noexcept {
  output_ = ByteBuffer();
  input_ = {};
}

void BodyDecoder::grow(std::size_t capacity) {
  ByteBuffer larger(capacity);
  std::memcpy(larger.data(), output_.data(), written_);
  output_ = std::move(larger);
}

BodyDecoder::Progress BodyDecoder::step() {
  SLUICE_CHECK(coding_ != Coding::none);
  const std::size_t cap = std::min(output_max_, ratio_max_);
  if (written_ == output_.capacity() && output_.capacity() <= cap) {
    // One byte past the cap, so that an output of exactly the cap is told from one that goes on.
    grow(std::min(cap + 1, output_.capacity() * 2 + 1));
  }
  const std::size_t room = std::min(output_.capacity() - written_, kSliceBytes);
  const Progress progress = coding_ == Coding::gzip ? step_gzip(room) : step_zstd(room);
  if (progress != Progress::failed && written_ > cap) {
    return fail(written_ > output_max_ ? Errc::body_too_large : Errc::decompression_ratio);
  }
  return progress;
}

BodyDecoder::Progress BodyDecoder::step_gzip(std::size_t room) {
  z_stream& stream = streams_->gzip;
  // zlib's interface is not const-correct; it does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data() + read_));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(input_.size() - read_, 1u << 30));
  stream.next_out = reinterpret_cast<Bytef*>(output_.data() + written_);
  stream.avail_out = static_cast<uInt>(room);
  const uInt given = stream.avail_in;
  const int result = inflate(&stream, Z_NO_FLUSH);
  read_ += given - stream.avail_in;
  written_ += room - stream.avail_out;
  if (result == Z_STREAM_END) {
    if (++members_ > limits::kGzipMembers) return fail(Errc::decompression_failed);
    if (read_ == input_.size()) return Progress::finished;
    // What follows must be another member: inflate refuses anything else as a bad header.
    SLUICE_CHECK(inflateReset(&stream) == Z_OK);
    return Progress::more;
  }
  if (result != Z_OK && result != Z_BUF_ERROR) return fail(Errc::decompression_failed);
  // All input is read, room is left, and the member has not ended: it was cut off.
  if (read_ == input_.size() && stream.avail_out != 0) return fail(Errc::decompression_failed);
  return Progress::more;
}

BodyDecoder::Progress BodyDecoder::step_zstd(std::size_t room) {
  ZSTD_inBuffer in{input_.data(), input_.size(), read_};
  ZSTD_outBuffer out{output_.data() + written_, room, 0};
  const std::size_t hint = ZSTD_decompressStream(streams_->zstd, &out, &in);
  if (ZSTD_isError(hint)) return fail(Errc::decompression_failed);
  read_ = in.pos;
  written_ += out.pos;
  if (hint == 0) {
    if (++members_ > limits::kGzipMembers) return fail(Errc::decompression_failed);
    return read_ == input_.size() ? Progress::finished : Progress::more;
  }
  if (read_ == input_.size() && out.pos < room) return fail(Errc::decompression_failed);
  return Progress::more;
}

ByteBuffer BodyDecoder::take_output(std::size_t& size) {
  size = written_;
  input_ = {};
  return std::move(output_);
}

}  // namespace sluice
