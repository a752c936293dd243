#include "engine/base/api_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

#include "engine/base/check.h"
#include "engine/base/random.h"

namespace sluice {

namespace {

constexpr char kBase62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kIdCharacters = 10;
constexpr std::size_t kSecretCharacters = 43;    // 62^43 > 2^256
constexpr std::size_t kChecksumCharacters = 6;   // 62^6 > 2^32

void append_base62(std::string& out, std::uint64_t value, std::size_t characters) {
  const std::size_t start = out.size();
  out.resize(start + characters);
  for (std::size_t i = characters; i-- > 0; value /= 62) out[start + i] = kBase62[value % 62];
}

/// The 256-bit number `words`, most significant first, by long division.
void append_base62(std::string& out, std::array<std::uint32_t, 8> words) {
  const std::size_t start = out.size();
  out.resize(start + kSecretCharacters);
  for (std::size_t i = kSecretCharacters; i-- > 0;) {
    std::uint64_t rest = 0;
    for (std::uint32_t& word : words) {
      const std::uint64_t dividend = rest << 32 | word;
      word = static_cast<std::uint32_t>(dividend / 62);
      rest = dividend % 62;
    }
    out[start + i] = kBase62[rest];
  }
}

template <class T>
T random_value() {
  T value;
  fill_random(reinterpret_cast<std::uint8_t*>(&value), sizeof value);
  return value;
}

std::uint64_t random_id() {
  constexpr std::uint64_t kIds = 839'299'365'868'340'224;  // 62^10
  constexpr std::uint64_t kFair = UINT64_MAX - UINT64_MAX % kIds;  // Above it the low ids would be likelier.
  for (;;) {
    const auto candidate = random_value<std::uint64_t>();
    if (candidate < kFair) return candidate % kIds;
  }
}

}  // namespace

MintedKey KeyMaker::mint() const {
  MintedKey key;
  key.id = "sl";
  append_base62(key.id, random_id(), kIdCharacters);
  append_base62(key.secret, random_value<std::array<std::uint32_t, 8>>());
  const auto checksum =
      ::crc32(0, reinterpret_cast<const Bytef*>(key.secret.data()), static_cast<uInt>(key.secret.size()));
  append_base62(key.secret, checksum, kChecksumCharacters);
  return key;
}

KeyMaker::Digest KeyMaker::digest(std::string_view secret) const {
  Digest digest{};
  unsigned int size = 0;
  const auto* const made =
      ::HMAC(::EVP_sha256(), pepper_.data(), static_cast<int>(pepper_.size()),
             reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data(), &size);
  SLUICE_CHECK(made != nullptr && size == digest.size());
  return digest;
}

bool KeyMaker::equal(const Digest& a, const Digest& b) noexcept {
  return ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice
