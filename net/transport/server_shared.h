#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "net/transport/address_places.h"
#include "net/transport/backend.h"
#include "net/transport/router.h"
#include "net/transport/server.h"
#include "net/transport/tls.h"
#include "net/transport/tuning.h"

/// What all io threads of one server share: constants, three numbers, and who used how much.

namespace sluice {

struct ServerShared {
  ServerShared(const ServerOptions& options_in, const TransportTuning& tuning_in, const KeyedHash& keys_in,
               const KeyMaker& key_maker_in, Catalogue& catalogue_in, OperatorPages pages_in,
               std::span<const Dialect* const> dialects)
      : options(options_in), tuning(tuning_in), keys(keys_in), key_maker(key_maker_in), catalogue(catalogue_in),
        pages(std::move(pages_in)), router(dialects), rates(options_in.burst_seconds),
        places(options_in.connections_per_address_max, tuning_in.count_loopback) {
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

  // Shared; relaxed but for the pair of connection_closed() and drain().
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> body_bytes_in_flight{0};

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

/// Leave to hold so many body bytes in memory. Taken before they are read; returned by the destructor.
class BodyPermit {
 public:
  explicit BodyPermit(ServerShared& shared) noexcept : shared_(shared) {}
  BodyPermit(const BodyPermit&) = delete;
  BodyPermit& operator=(const BodyPermit&) = delete;
  ~BodyPermit() { release(); }

  /// `bytes` more. False: the process holds as many as it may.
  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    const std::size_t before = shared_.body_bytes_in_flight.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes > shared_.options.body_bytes_in_flight_max) {
      shared_.body_bytes_in_flight.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    held_ += bytes;
    return true;
  }
  void release() noexcept {
    if (held_ != 0) shared_.body_bytes_in_flight.fetch_sub(held_, std::memory_order_relaxed);
    held_ = 0;
  }
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

 private:
  ServerShared& shared_;
  std::size_t held_ = 0;
};

}  // namespace sluice
