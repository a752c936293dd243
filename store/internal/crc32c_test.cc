#include "store/internal/crc32c.h"

#include <string>

#include <dlfcn.h>

#include <gtest/gtest.h>

namespace rocksdb::crc32c {
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);
}

namespace sluice {
namespace {

using rocksdb::crc32c::Extend;

std::uint32_t bit_by_bit(std::uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? crc >> 1 ^ 0x82F6'3B78u : crc >> 1;
  }
  return ~crc;
}

TEST(Crc32cTest, IsCastagnolis) {
  EXPECT_EQ(Extend(0, "123456789", 9), 0xE306'9283u);
  const std::string zeros(32, '\0');
  EXPECT_EQ(Extend(0, zeros.data(), zeros.size()), 0x8A91'36AAu) << "RFC 3720, appendix B.4";
}

TEST(Crc32cTest, AnyLengthAlignmentAndSplitGivesTheSame) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 37 % 251);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); size += 7) {
      const std::string_view part = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(Extend(0, part.data(), part.size()), bit_by_bit(0, part)) << begin << " + " << size;
      const std::size_t cut = size / 3;
      ASSERT_EQ(Extend(Extend(0, part.data(), cut), part.data() + cut, size - cut), bit_by_bit(0, part));
    }
  }
}

TEST(Crc32cTest, RocksDBCallsTheReplacement) {
  if (!use_hardware_crc32c()) GTEST_SKIP() << "this build's instruction set has no crc32";
  void* const library = ::dlopen("librocksdb.so.7.8", RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(library, nullptr);
  void* const replaced = ::dlsym(library, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  void* const used = ::dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  ASSERT_NE(replaced, nullptr) << "this RocksDB has no such function any more: crc32c.cc replaces nothing";
  EXPECT_EQ(used, reinterpret_cast<void*>(&Extend));
  EXPECT_NE(used, replaced) << "the executable does not export its definition";
  ::dlclose(library);
}

}  // namespace
}  // namespace sluice
