#include "net/transport/chunked_body.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/limits.h"

namespace sluice {
namespace {

/// The decoded body and what follows the message as "body|rest", or "refused" or "incomplete".
std::string decode(std::string_view bytes, std::size_t split) {
  ChunkedBody chunks;
  std::string body;
  std::size_t begin = 0;
  for (std::size_t end = std::min(split, bytes.size());; end = std::min(end + split, bytes.size())) {
    for (;;) {
      const ChunkedBody::Step step = chunks.next(bytes.substr(begin, end - begin));
      begin += step.consumed;
      if (step.state == ChunkedBody::State::refused) return "refused";
      if (step.state == ChunkedBody::State::done) return body + "|" + std::string(bytes.substr(begin));
      if (step.state == ChunkedBody::State::need_more) break;
      body.append(step.data);
    }
    if (end == bytes.size()) return "incomplete";
  }
}

TEST(ChunkedBodyTest, DecodesStrictlyInEverySplit) {
  using namespace std::string_view_literals;
  struct Case {
    std::string_view name;
    std::string_view bytes;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {"empty", "0\r\n\r\n", "|"},
      {"one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello|"},
      {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world|"},
      {"hex in both cases", "a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n\r\n", "01234567890123456789A|"},
      {"leading zeros", "005\r\nhello\r\n000\r\n\r\n", "hello|"},
      {"extension", "5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello|"},
      {"what follows is untouched", "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "x|GET / HTTP/1.1\r\n"},
      {"data with line ends", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n|"},
      {"cut off in the data", "5\r\nhel", "incomplete"},
      {"cut off before the last CRLF", "5\r\nhello\r\n0\r\n", "incomplete"},
      {"no size", "\r\nhello\r\n0\r\n\r\n", "refused"},
      {"negative size", "-5\r\nhello\r\n0\r\n\r\n", "refused"},
      {"0x prefix", "0x5\r\nhello\r\n0\r\n\r\n", "refused"},
      {"space before the size", " 5\r\nhello\r\n0\r\n\r\n", "refused"},
      {"space after the size", "5 \r\nhello\r\n0\r\n\r\n", "refused"},
      {"space before the extension", "5 ;a\r\nhello\r\n0\r\n\r\n", "refused"},
      {"bare LF after the size", "5\nhello\r\n0\r\n\r\n", "refused"},
      {"bare CR after the size", "5\rhello\r\n0\r\n\r\n", "refused"},
      {"bare LF in the extension", "5;a\nhello\r\n0\r\n\r\n", "refused"},
      {"NUL in the extension", "5;\0\r\nhello\r\n0\r\n\r\n"sv, "refused"},
      {"chunk longer than its size", "4\r\nhello\r\n0\r\n\r\n", "refused"},
      {"bare LF after the data", "5\r\nhello\n0\r\n\r\n", "refused"},
      {"no CRLF after the data", "5\r\nhello0\r\n\r\n", "refused"},
      {"trailer", "0\r\nAuthorization: x\r\n\r\n", "refused"},
      {"bare LF at the end", "0\r\n\n", "refused"},
      {"size beyond 64 bits", "FFFFFFFFFFFFFFFFF\r\n", "refused"},
      {"sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "refused"},
      {"fifteen digits", "000000000000005\r\nhello\r\n0\r\n\r\n", "hello|"},
  };
  for (const Case& c : kCases) {
    for (std::size_t split = 1; split <= c.bytes.size(); ++split) {
      EXPECT_EQ(decode(c.bytes, split), c.expected) << c.name << ", split by " << split;
    }
  }
}

TEST(ChunkedBodyTest, TheSizeLineHasItsLimit) {
  const auto with_line_of = [](std::size_t size) { return "1;" + std::string(size - 2, 'x') + "\r\ny\r\n0\r\n\r\n"; };
  EXPECT_EQ(decode(with_line_of(limits::kChunkLineBytes), 7), "y|");
  EXPECT_EQ(decode(with_line_of(limits::kChunkLineBytes + 1), 7), "refused");
}

TEST(ChunkedBodyTest, ExtensionsTogetherHaveALimit) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "1;" + std::string(200, 'x') + "\r\ny\r\n";
  EXPECT_EQ(decode(bytes + "0\r\n\r\n", 4096), "refused");
}

}  // namespace
}  // namespace sluice
