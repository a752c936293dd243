#include "engine/base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace sluice {
namespace {

constexpr std::string_view kText = "01234567-89ab-cdef-0123-456789abcdef";
constexpr Uuid kUuid{{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};

TEST(UuidTest, CanonicalTextReadsBackByteForByte) {
  EXPECT_EQ(parse_canonical_uuid(kText), kUuid);
  EXPECT_EQ(to_text(kUuid), kText);
  for (int i = 0; i < 10'000; ++i) {
    const Uuid uuid = random_uuid();
    ASSERT_EQ(parse_canonical_uuid(to_text(uuid)), uuid);
    ASSERT_EQ(parse_any_uuid(to_text(uuid)), uuid);
  }
}

TEST(UuidTest, EveryByteAtEveryPlaceIsTakenOrRefused) {
  // The vector code against the definition, byte by byte.
  for (std::size_t place = 0; place < kText.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(kText);
      text[place] = static_cast<char>(byte);
      const bool hyphen = place == 8 || place == 13 || place == 18 || place == 23;
      const bool good = hyphen ? byte == '-' : (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
      const std::optional<Uuid> uuid = parse_canonical_uuid(text);
      ASSERT_EQ(uuid.has_value(), good) << place << " " << byte;
      if (uuid) {
        ASSERT_EQ(to_text(*uuid), text);
      }
    }
  }
}

TEST(UuidTest, OnlyLowerCaseCanonicalTextIsCanonical) {
  for (const char* text : {"", "0", "0123456789abcdef0123456789abcdef", "01234567-89AB-cdef-0123-456789abcdef",
                           "{01234567-89ab-cdef-0123-456789abcdef}", "01234567-89ab-cdef-0123-456789abcde",
                           "01234567-89ab-cdef-0123-456789abcdef0", "012345678-9ab-cdef-0123-456789abcdef"})
    EXPECT_FALSE(parse_canonical_uuid(text)) << text;
}

TEST(UuidTest, AnyUsualSpellingIsTaken) {
  for (const char* text : {"01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-CDEF-0123-456789abcDEF",
                           "0123456789abcdef0123456789ABCDEF", "{01234567-89ab-cdef-0123-456789abcdef}",
                           "{0123456789abcdef0123456789abcdef}", "urn:uuid:01234567-89ab-cdef-0123-456789abcdef",
                           "URN:UUID:01234567-89ab-cdef-0123-456789abcdef"})
    EXPECT_EQ(parse_any_uuid(text), kUuid) << text;
  for (const char* text : {"", "{}", "urn:uuid:", "0123456789abcdef0123456789abcde",
                           "0123456789abcdef0123456789abcdefa",
                           "{01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef}",
                           "01234567-89ab-cdef-0123456789abcdef-", "g1234567-89ab-cdef-0123-456789abcdef",
                           "urn:uuid:{01234567-89ab-cdef-0123-456789abcdef}", " 1234567-89ab-cdef-0123-456789abcdef"})
    EXPECT_FALSE(parse_any_uuid(text)) << text;
}

TEST(UuidTest, RandomUuidsAreVersion4AndDistinctAcrossThreads) {
  std::set<Uuid> seen;
  std::set<Uuid> other;
  std::thread thread([&other] {
    for (int i = 0; i < 10'000; ++i) other.insert(random_uuid());
  });
  for (int i = 0; i < 10'000; ++i) seen.insert(random_uuid());
  thread.join();
  seen.merge(other);
  EXPECT_EQ(seen.size(), 20'000u);
  for (const Uuid& uuid : seen) {
    ASSERT_EQ(uuid.bytes[6] >> 4, 4);
    ASSERT_EQ(uuid.bytes[8] >> 6, 2);
  }
}

TEST(UuidTest, OrderIsTheOrderOfTheBytes) {
  EXPECT_LT(Uuid::from_bytes(std::string(16, '\x01')), Uuid::from_bytes(std::string(16, '\xF0')));
  EXPECT_EQ(Uuid::from_bytes(kUuid.view()), kUuid);
}

}  // namespace
}  // namespace sluice
