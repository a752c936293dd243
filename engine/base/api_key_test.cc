#include "engine/base/api_key.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <set>

namespace sluice {
namespace {

std::array<std::uint8_t, 32> counting_pepper() {
  std::array<std::uint8_t, 32> pepper;
  for (std::size_t i = 0; i < pepper.size(); ++i) pepper[i] = static_cast<std::uint8_t>(i);
  return pepper;
}

bool is_base62(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

TEST(ApiKeyTest, AMintedKeyHasItsFormAndItsChecksum) {
  const KeyMaker maker(counting_pepper());
  for (int i = 0; i < 200; ++i) {
    const MintedKey key = maker.mint();
    ASSERT_EQ(key.id.size(), 12u);
    ASSERT_EQ(key.id.substr(0, 2), "sl");
    ASSERT_EQ(key.secret.size(), 49u);
    ASSERT_TRUE(is_base62(key.id)) << key.id;
    ASSERT_TRUE(is_base62(key.secret)) << key.secret;
    std::uint64_t checksum = 0;
    for (const char c : key.secret.substr(43)) {
      const int digit = c <= '9' ? c - '0' : c <= 'Z' ? c - 'A' + 10 : c - 'a' + 36;
      checksum = checksum * 62 + static_cast<std::uint64_t>(digit);
    }
    ASSERT_EQ(checksum, ::crc32(0, reinterpret_cast<const Bytef*>(key.secret.data()), 43));
  }
}

TEST(ApiKeyTest, KeysAreDistinctAndEveryPlaceVaries) {
  const KeyMaker maker(counting_pepper());
  std::set<std::string> ids;
  std::set<std::string> secrets;
  std::array<std::set<char>, 43> places;
  for (int i = 0; i < 1000; ++i) {
    const MintedKey key = maker.mint();
    ids.insert(key.id);
    secrets.insert(key.secret);
    for (std::size_t at = 0; at < places.size(); ++at) places[at].insert(key.secret[at]);
  }
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(secrets.size(), 1000u);
  for (std::size_t at = 0; at < places.size(); ++at) EXPECT_GT(places[at].size(), 50u) << at;
}

TEST(ApiKeyTest, TheDigestIsHmacSha256) {
  const KeyMaker::Digest expected = {0x72, 0x3f, 0x22, 0x8d, 0x66, 0xd0, 0xf9, 0x8d, 0xd0, 0xb4, 0x3d,
                                     0x22, 0x39, 0x6e, 0xda, 0x39, 0x38, 0x36, 0x50, 0x77, 0xed, 0x17,
                                     0x37, 0x63, 0x1b, 0x6c, 0xa6, 0x2d, 0x2d, 0xca, 0x6b, 0x43};
  const KeyMaker maker(counting_pepper());
  EXPECT_EQ(maker.digest("secret"), expected);
  EXPECT_NE(maker.digest("secreT"), expected);
  EXPECT_NE(maker.digest(""), expected);
  EXPECT_NE(KeyMaker({}).digest("secret"), expected);
}

TEST(ApiKeyTest, EqualLooksAtEveryByte) {
  const KeyMaker::Digest digest = KeyMaker(counting_pepper()).digest("secret");
  EXPECT_TRUE(KeyMaker::equal(digest, digest));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    KeyMaker::Digest other = digest;
    other[i] ^= 1;
    EXPECT_FALSE(KeyMaker::equal(digest, other)) << i;
  }
}

}  // namespace
}  // namespace sluice
