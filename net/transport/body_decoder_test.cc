#include "net/transport/body_decoder.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "net/transport/compress_for_test.h"

namespace sluice {
namespace {

struct Decoded {
  Errc code = Errc::ok;
  std::string text;
};

Decoded decode(BodyDecoder& decoder, Coding coding, std::string_view input, std::size_t output_max = 1u << 24) {
  decoder.start(coding, input, output_max);
  for (;;) {
    switch (decoder.step()) {
      case BodyDecoder::Progress::more:
        continue;
      case BodyDecoder::Progress::failed:
        return {decoder.error(), ""};
      case BodyDecoder::Progress::finished: {
        std::size_t size = 0;
        ByteBuffer output = decoder.take_output(size);
        return {Errc::ok, std::string(output.data(), size)};
      }
    }
  }
}
Decoded decode(Coding coding, std::string_view input, std::size_t output_max = 1u << 24) {
  BodyDecoder decoder;
  return decode(decoder, coding, input, output_max);
}

/// Does not compress, so that the ratio is never in the way.
std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint64_t state = 1;
  for (char& c : text) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

struct Codec {
  const char* name;
  Coding coding;
  std::string (*compress)(std::string_view);
};
constexpr Codec kCodecs[] = {{"gzip", Coding::gzip, gzip_for_test}, {"zstd", Coding::zstd, zstd_for_test}};

TEST(BodyDecoderTest, RoundTripsAnySize) {
  BodyDecoder decoder;  // Reused, as a thread does.
  for (const Codec& codec : kCodecs) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{262'144}, std::size_t{3'000'001}}) {
      const std::string text = noise(size);
      const Decoded decoded = decode(decoder, codec.coding, codec.compress(text));
      EXPECT_EQ(decoded.code, Errc::ok) << codec.name << size;
      EXPECT_TRUE(decoded.text == text) << codec.name << size;
    }
  }
}

TEST(BodyDecoderTest, OutputLimitHoldsAtItsBoundary) {
  for (const Codec& codec : kCodecs) {
    const std::string compressed = codec.compress(noise(50'000));
    EXPECT_EQ(decode(codec.coding, compressed, 50'000).code, Errc::ok) << codec.name;
    EXPECT_EQ(decode(codec.coding, compressed, 49'999).code, Errc::body_too_large) << codec.name;
  }
}

TEST(BodyDecoderTest, ABombIsRefusedByItsRatio) {
  for (const Codec& codec : kCodecs) {
    const std::string bomb = codec.compress(std::string(15u << 20, ' '));
    ASSERT_LT(bomb.size() * limits::kCompressionRatio, 15u << 20)
        << codec.name << " did not compress well enough to be a bomb";
    EXPECT_EQ(decode(codec.coding, bomb).code, Errc::decompression_ratio) << codec.name;
    EXPECT_EQ(decode(codec.coding, codec.compress(std::string(limits::kRatioFreeBytes, ' '))).code, Errc::ok)
        << codec.name;
  }
}

TEST(BodyDecoderTest, CutOffOrSpoiltInputIsRefused) {
  for (const Codec& codec : kCodecs) {
    const std::string good = codec.compress("some text to be sent, and to be cut");
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_EQ(decode(codec.coding, good.substr(0, size)).code, Errc::decompression_failed)
          << codec.name << " " << size;
    }
    EXPECT_EQ(decode(codec.coding, good + "x").code, Errc::decompression_failed)
        << codec.name << " with trailing garbage";
    EXPECT_EQ(decode(codec.coding, std::string("plain text")).code, Errc::decompression_failed) << codec.name;
  }
}

TEST(BodyDecoderTest, ConcatenatedMembersAreOneBodyUpToTheirLimit) {
  for (const Codec& codec : kCodecs) {
    EXPECT_EQ(decode(codec.coding, codec.compress("one ") + codec.compress("two")).text, "one two") << codec.name;
    std::string many;
    const std::string member = codec.compress("");
    for (int i = 0; i < limits::kGzipMembers; ++i) many += member;
    EXPECT_EQ(decode(codec.coding, many).code, Errc::ok) << codec.name;
    EXPECT_EQ(decode(codec.coding, many + member).code, Errc::decompression_failed) << codec.name;
  }
}

TEST(BodyDecoderTest, ZlibAndRawDeflateAreNotGzip) {
  std::string out(1000, '\0');
  uLongf size = out.size();
  const std::string text = "text";
  ASSERT_EQ(
      compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size()),
      Z_OK);
  EXPECT_EQ(decode(Coding::gzip, out.substr(0, size)).code, Errc::decompression_failed);
}

TEST(BodyDecoderTest, AWindowOverEightMebibytesIsRefused) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ASSERT_FALSE(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, limits::kZstdWindowLog + 1)));
  ASSERT_FALSE(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)));
  const std::string text = noise(1000);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // Two calls, so that the frame's header is written before the size is known.
  ASSERT_FALSE(ZSTD_isError(ZSTD_compressStream2(context, &to, &in, ZSTD_e_flush)));
  ASSERT_EQ(ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0u);
  ZSTD_freeCCtx(context);
  EXPECT_EQ(decode(Coding::zstd, std::string_view(out).substr(0, to.pos)).code, Errc::decompression_failed);
}

TEST(ParseCodingTest, TakesExactlyOneKnownCoding) {
  EXPECT_EQ(parse_coding(""), Coding::none);
  EXPECT_EQ(parse_coding("identity"), Coding::none);
  EXPECT_EQ(parse_coding("GZip"), Coding::gzip);
  EXPECT_EQ(parse_coding("zstd"), Coding::zstd);
  for (const std::string_view other : {"br", "deflate", "gzip, gzip", "gzip,zstd", "gzip;q=1", "compress"}) {
    EXPECT_EQ(parse_coding(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace sluice
