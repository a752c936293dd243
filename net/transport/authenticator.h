#pragma once

#include <string>
#include <string_view>

#include "engine/base/api_key.h"
#include "engine/base/keyed_hash.h"
#include "engine/model/catalogue.h"
#include "net/transport/rate_limiter.h"
#include "net/transport/request_head.h"

/// Who a request speaks for. One key works in every form: X-Api-Key with X-Secret-Key; X-Api-Key: <id>.<secret>;
/// Authorization: Bearer <id>.<secret>, Basic base64(<id>:<secret>), or <id>.<secret> bare.
/// Threads: one Authenticator per io thread, one AuthCache per connection.

namespace sluice {

/// The credential a connection showed last, as a keyed hash of its bytes, so that its HMAC runs once.
struct AuthCache {
  bool filled = false;
  Hash128 credential;
  std::uint64_t catalogue_version = 0;
  Principal principal;
  Rates rates{};  ///< In force for the key.
};

struct Credential {
  std::string_view id;
  std::string_view secret;
};

class Authenticator {
 public:
  /// `rates`: of keys that have none of their own.
  Authenticator(const KeyedHash& keys, const KeyMaker& key_maker, const Rates& rates)
      : keys_(keys), key_maker_(key_maker), rates_(rates) {}

  /// Errors: unauthenticated, conflicting_credentials, key_revoked (only when the secret is right). An unknown id costs
  /// what a wrong secret costs.
  [[nodiscard]] Result<Principal> check(const RequestHead& head, const CatalogueSnapshot& catalogue, AuthCache& cache);

  /// The form alone. Views into `head` or into this object until the next call.
  [[nodiscard]] Result<Credential> parse(const RequestHead& head);

 private:
  [[nodiscard]] Result<Credential> parse_authorization(std::string_view value);

  const KeyedHash& keys_;
  const KeyMaker& key_maker_;
  const Rates rates_;
  std::string decoded_;  // Of Basic.
  std::string joined_;
};

}  // namespace sluice
