#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "net/transport/authenticator.h"

/// Any three header values as credentials: they are taken for a key with its secret or not at all, every spelling of
/// one key is the same key, and none of it opens anything but the key that exists.

namespace {

using sluice::Authenticator;
using sluice::Credential;
using sluice::RequestHead;

constexpr std::string_view kId = "slkey";
constexpr std::string_view kSecret = "secret";

/// Up to the next line feed, as a header's value: without blanks at its ends.
std::string_view take_value(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view value = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  const std::size_t first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(" \t") - first + 1);
}

sluice::Catalogue& catalogue_with_key(const sluice::KeyMaker& key_maker) {
  static sluice::Catalogue catalogue;
  sluice::CreateKey key;
  key.workspace_name = "main";
  key.key_id = kId;
  key.digest = key_maker.digest(kSecret);
  key.name = key.annotator_name = "n";
  key.scopes = sluice::kIngest;
  SLUICE_CHECK(catalogue.apply(key, 1).ok());
  return catalogue;
}

void check_spellings(Authenticator& authenticator, const Credential& credential) {
  const std::string id(credential.id), secret(credential.secret);
  RequestHead two;
  two.api_key = id;
  two.secret_key = secret;
  const auto parsed = authenticator.parse(two);
  SLUICE_CHECK(parsed.ok() && parsed->id == id && parsed->secret == secret);
  // No key in one word has such an id, and blanks at the end of a header's value are not of it.
  if (id.find_first_of(". \t") != std::string::npos || secret.find_first_of(" \t") != std::string::npos) return;
  const std::string bearer = "Bearer " + id + "." + secret;
  RequestHead one;
  one.authorization = bearer;
  const auto again = authenticator.parse(one);
  SLUICE_CHECK(again.ok() && again->id == id && again->secret == secret);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sluice::KeyedHash keys(sluice::KeyedHash::Key{});
  static const sluice::KeyMaker key_maker(std::array<std::uint8_t, 32>{});
  static const sluice::CataloguePtr catalogue = catalogue_with_key(key_maker).snapshot();
  static Authenticator authenticator(keys, key_maker, sluice::Rates{});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  head.authorization = take_value(text);
  head.api_key = take_value(text);
  head.secret_key = take_value(text);

  const auto credential = authenticator.parse(head);
  sluice::AuthCache cache;
  const auto principal = authenticator.check(head, *catalogue, cache);
  SLUICE_CHECK(principal.ok() == cache.filled);
  const auto parsed = authenticator.parse(head);
  SLUICE_CHECK(parsed.ok() == credential.ok());
  if (!parsed.ok()) {
    SLUICE_CHECK(!principal.ok() && principal.error().code == parsed.error().code);
    return 0;
  }
  SLUICE_CHECK(!parsed->id.empty() && !parsed->secret.empty());
  SLUICE_CHECK(principal.ok() == (parsed->id == kId && parsed->secret == kSecret));
  check_spellings(authenticator, *parsed);
  return 0;
}
