#include "net/transport/authenticator.h"

#include "net/transport/text.h"

namespace sluice {
namespace {

constexpr std::uint64_t kCredentialDomain = 0x61757468;  // "auth"

std::optional<Credential> split_at(std::string_view text, char separator) noexcept {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return std::nullopt;
  return Credential{text.substr(0, at), text.substr(at + 1)};
}

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// RFC 4648 §4; padding may be missing, as some clients leave it out.
bool decode_base64(std::string_view text, std::string& out) {
  if (text.size() % 4 == 0 && text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.size() % 4 == 0 && text.ends_with('=')) {
    text.remove_suffix(1);
  }
  out.clear();
  if (text.size() % 4 == 1) return false;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return false;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>((bits >> held) & 0xFF));
    }
  }
  return (bits & ((1u << held) - 1)) == 0;
}

Result<Credential> or_unauthenticated(std::optional<Credential> credential) noexcept {
  if (!credential) return Errc::unauthenticated;
  return *credential;
}

}  // namespace

Result<Credential> Authenticator::parse_authorization(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return or_unauthenticated(split_at(value, '.'));
  const std::string_view scheme = value.substr(0, space);
  const std::string_view rest = text::trim(value.substr(space));
  if (text::equals_ignoring_case(scheme, "bearer")) return or_unauthenticated(split_at(rest, '.'));
  if (!text::equals_ignoring_case(scheme, "basic") || !decode_base64(rest, decoded_)) return Errc::unauthenticated;
  return or_unauthenticated(split_at(decoded_, ':'));
}

Result<Credential> Authenticator::parse(const RequestHead& head) {
  Result<Credential> from_fields = Errc::unauthenticated;
  const bool has_fields = !head.api_key.empty() || !head.secret_key.empty();
  if (!head.api_key.empty()) {
    if (!head.secret_key.empty()) {
      from_fields = Credential{head.api_key, head.secret_key};
    } else {
      from_fields = or_unauthenticated(split_at(head.api_key, '.'));
    }
  }
  if (head.authorization.empty()) return from_fields;
  Result<Credential> from_authorization = parse_authorization(head.authorization);
  if (!has_fields || !from_authorization.ok()) return from_authorization;
  if (!from_fields.ok()) return from_fields;
  if (from_fields->id != from_authorization->id || from_fields->secret != from_authorization->secret) {
    return Errc::conflicting_credentials;
  }
  return from_fields;
}

Result<Principal> Authenticator::check(const RequestHead& head, const CatalogueSnapshot& catalogue, AuthCache& cache) {
  joined_.assign(head.authorization).append(1, '\n').append(head.api_key).append(1, '\n').append(head.secret_key);
  const Hash128 hash = keys_.hash128(kCredentialDomain, joined_);
  if (cache.filled && cache.credential == hash && cache.catalogue_version == catalogue.version())
    return cache.principal;
  cache.filled = false;

  Result<Credential> credential = parse(head);
  if (!credential.ok()) return credential.error();
  const ApiKey* const key = catalogue.key(credential->id);
  const KeyMaker::Digest digest = key_maker_.digest(credential->secret);
  // An unknown id is compared as well, with a digest no secret has.
  static constexpr KeyMaker::Digest kNobody{};
  const bool equal = KeyMaker::equal(digest, key == nullptr ? kNobody : key->digest);
  if (key == nullptr || !equal) return Errc::unauthenticated;
  if (key->revoked) return Errc::key_revoked;
  cache = {true, hash, catalogue.version(), key->principal(), rates_of(key->rates, rates_)};
  return cache.principal;
}

}  // namespace sluice
