#include "store/internal/crc32c.h"

#include <cstring>

#ifdef __SSE4_2__
#include <immintrin.h>

namespace rocksdb::crc32c {

/// Not declared in any installed header. RocksDB's library calls it through its own dynamic symbol table, where a
/// definition in the executable comes first.
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size) {
  // One chain of crc32 instructions. Several chains joined at the end would be faster for long ones.
  std::uint64_t sum = ~crc;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    sum = _mm_crc32_u64(sum, word);
  }
  auto narrow = static_cast<std::uint32_t>(sum);
  for (; size > 0; ++data, --size) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*data));
  return ~narrow;
}

}  // namespace rocksdb::crc32c

namespace sluice {
bool use_hardware_crc32c() noexcept { return true; }
}  // namespace sluice

#else

namespace sluice {
bool use_hardware_crc32c() noexcept { return false; }
}  // namespace sluice

#endif
