#include "engine/base/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

using std::string_view_literals::operator""sv;


TEST(BytesTest, VarintsHaveTheirKnownBytes) {
  const struct {
    std::uint64_t value;
    std::string_view bytes;
  } kCases[] = {
      {0, "\0"sv},          {1, "\x01"sv},         {127, "\x7F"sv},
      {128, "\x80\x01"sv},  {300, "\xAC\x02"sv},   {16383, "\xFF\x7F"sv},
      {16384, "\x80\x80\x01"sv},
      {UINT64_MAX, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv},
  };
  for (const auto& c : kCases) {
    std::string out;
    put_varint(out, c.value);
    EXPECT_EQ(out, c.bytes) << c.value;
    Reader reader(out);
    EXPECT_EQ(reader.varint(), c.value);
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(reader.failed());
  }
}

TEST(BytesTest, EverythingWrittenReadsBack) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    const std::string text(random() % 300, static_cast<char>(random()));
    std::string out;
    put_varint(out, value);
    put_zigzag(out, static_cast<std::int64_t>(value));
    put_zigzag(out, -static_cast<std::int64_t>(value >> 1));
    put_text(out, text);
    put_u32_be(out, static_cast<std::uint32_t>(value));
    put_u64_be(out, value);
    put_u64_le(out, value);
    Reader reader(out);
    ASSERT_EQ(reader.varint(), value);
    ASSERT_EQ(reader.zigzag(), static_cast<std::int64_t>(value));
    ASSERT_EQ(reader.zigzag(), -static_cast<std::int64_t>(value >> 1));
    ASSERT_EQ(reader.text(), text);
    ASSERT_EQ(reader.u32_be(), static_cast<std::uint32_t>(value));
    ASSERT_EQ(reader.u64_be(), value);
    ASSERT_EQ(reader.u64_le(), value);
    ASSERT_TRUE(reader.at_end());
    ASSERT_FALSE(reader.failed());
  }
}

TEST(BytesTest, SmallNegativeNumbersStayShort) {
  std::string out;
  put_zigzag(out, -1);
  put_zigzag(out, -64);
  EXPECT_EQ(out, "\x01\x7F"sv);
}

TEST(BytesTest, FixedWidthsHaveTheirByteOrder) {
  std::string out;
  put_u32_be(out, 0x01020304);
  put_u64_be(out, 0x0102030405060708);
  put_u64_le(out, 0x0102030405060708);
  EXPECT_EQ(out, "\x01\x02\x03\x04\x01\x02\x03\x04\x05\x06\x07\x08\x08\x07\x06\x05\x04\x03\x02\x01"sv);
}

TEST(BytesTest, ABadVarintFails) {
  for (const std::string_view bytes : {""sv, "\x80"sv, "\xFF\xFF"sv,
                                       "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"sv,         // 65 bits
                                       "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"sv}) {  // 11 bytes
    Reader reader(bytes);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_TRUE(reader.failed());
  }
}

TEST(BytesTest, AfterABadReadEveryReadIsEmpty) {
  Reader reader("\x05"
                "abc\x01\x02\x03\x04\x05\x06\x07\x08"sv.substr(0, 4));
  EXPECT_EQ(reader.text(), "");  // Five announced, three there.
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_EQ(reader.byte(), 0);
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_EQ(reader.zigzag(), 0);
  EXPECT_EQ(reader.u32_be(), 0u);
  EXPECT_EQ(reader.u64_be(), 0u);
  EXPECT_EQ(reader.u64_le(), 0u);
  EXPECT_EQ(reader.bytes(1), "");
  EXPECT_EQ(reader.bytes(0), "");
  EXPECT_TRUE(reader.failed());
}

TEST(BytesTest, AHugeLengthDoesNotWrap) {
  std::string out;
  put_varint(out, UINT64_MAX);
  out += "abc";
  Reader reader(out);
  EXPECT_EQ(reader.text(), "");
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace sluice
