#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "net/transport/address_places.h"
#include "net/transport/backend.h"
#include "net/transport/byte_budget.h"
#include "net/transport/failed_auth_limiter.h"
#include "net/transport/router.h"
#include "net/transport/server.h"
#include "net/transport/tls.h"
#include "net/transport/tuning.h"

/// What all io threads of one server share: constants, two numbers, and who used how much.

namespace sluice {

struct ServerShared {
  ServerShared(const ServerOptions& options_in, const TransportTuning& tuning_in, const KeyedHash& keys_in,
               const KeyMaker& key_maker_in, Catalogue& catalogue_in, OperatorPages pages_in,
               std::span<const Dialect* const> dialects)
      : options(options_in), tuning(tuning_in), keys(keys_in), key_maker(key_maker_in), catalogue(catalogue_in),
        pages(std::move(pages_in)), router(dialects), rates(options_in.burst_seconds),
        places(options_in.connections_per_address_max, tuning_in.count_loopback),
        failed_auths(options_in.failed_auth_per_second, keys_in),
        body_bytes(options_in.body_bytes_in_flight_max), reply_bytes(options_in.reply_bytes_in_flight_max) {
    if (!options.tls_certificate.empty())
      tls = std::make_unique<TlsIdentity>(options.tls_certificate, options.tls_key);
  }

  // Constant while serving.
  ServerOptions options;
  TransportTuning tuning;
  const KeyedHash& keys;
  const KeyMaker& key_maker;
  Catalogue& catalogue;
  OperatorPages pages;
  Router router;
  std::unique_ptr<TlsIdentity> tls;  ///< Of the TCP listener; null: plain.
  Backend* backend = nullptr;
  std::function<std::string()> metrics_text;

  // Shared; each says how.
  RateLimiter rates;
  AddressPlaces places;
  FailedAuthLimiter failed_auths;
  ByteBudget body_bytes;   ///< Of bodies that do not stay in their connection's buffer.
  ByteBudget reply_bytes;  ///< Of large answers that are being sent.

  // Shared; relaxed but for the pair of connection_closed() and drain().
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};

  // drain() sleeps here until `connections` is zero.
  std::mutex drain_mutex;
  std::condition_variable drained;

  void connection_closed() noexcept {
    // Sequentially consistent, as in drain(): either this sees `draining`, or drain() sees the last connection gone.
    if (connections.fetch_sub(1, std::memory_order_seq_cst) != 1 || !draining.load(std::memory_order_seq_cst)) return;
    const std::lock_guard lock(drain_mutex);
    drained.notify_all();
  }
};

}  // namespace sluice
