#include "engine/base/seeded_hash.h"

#include <functional>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(SeededHashTest, TextsMadeToShareAStandardHashDoNotShareThisOne) {
  constexpr std::string_view kTwins[] = {"000876931B4HXHcR001012574bnJ2mdJ", "000876931B4HXHcR00241926Apq0nEz7",
                                         "000876931B4HXHcR00247142zfQwzclw"};
  std::set<std::uint64_t> hashes;
  for (const std::string_view text : kTwins) {
#ifdef __GLIBCXX__
    EXPECT_EQ(std::hash<std::string_view>()(text), std::hash<std::string_view>()(kTwins[0]));
#endif
    hashes.insert(seeded_hash(0, text));
  }
  EXPECT_EQ(hashes.size(), std::size(kTwins));
}

TEST(SeededHashTest, DomainAndEveryByteMatter) {
  const std::string text(200, 'x');
  std::set<std::uint64_t> hashes;
  std::size_t hashed = 0;
  for (const std::size_t size : {0u, 1u, 3u, 8u, 16u, 17u, 128u, 129u, 200u}) {
    for (const std::uint64_t domain : {0u, 1u}) {
      EXPECT_EQ(seeded_hash(domain, text.substr(0, size)), seeded_hash(domain, text.substr(0, size)));
      hashes.insert(seeded_hash(domain, text.substr(0, size)));
      ++hashed;
    }
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'y';
    hashes.insert(seeded_hash(0, other));
    ++hashed;
  }
  EXPECT_EQ(hashes.size(), hashed);
}

}  // namespace
}  // namespace sluice
