#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/api_key.h"
#include "engine/base/limits.h"
#include "engine/ingest/ingest_engine.h"
#include "engine/read/score_reader.h"
#include "net/dialect/dialect.h"
#include "net/transport/rate_limiter.h"

/// The HTTP/1.1 front end: io threads, listeners, connections, the strict framing gate, authentication, limits,
/// routing. One io_context per io thread, run by that thread alone; other threads only post to it. Threads: construct,
/// start and stop from main. As Completion it is called by the committer and the read pool.

namespace sluice {

class Backend;
struct TransportTuning;

struct ServerOptions {
  std::string listen_address = "127.0.0.1";  ///< Empty: no TCP listener (a private instance for the command line).
  std::uint16_t listen_port = 8420;          ///< 0: any free port; see Server::port().
  std::string tls_certificate;  ///< PEM file with the chain; empty: TCP is plain HTTP.
  std::string tls_key;          ///< PEM file; with tls_certificate.
  std::string admin_socket;                  ///< Path of the Unix socket, made with mode 0600; empty: none.
  std::size_t io_threads = 2;
  std::size_t connections_max = limits::kConnections;
  std::size_t connections_per_address_max = limits::kConnectionsPerAddress;  ///< 0: no limit.
  std::uint64_t failed_auth_per_second = 0;  ///< Of one client address; 0: no limit.
  Rates rates{};  ///< Of keys that have none of their own; 0: no limit.
  std::int64_t burst_seconds = limits::kBurstSeconds;
  std::size_t body_bytes_max = limits::kBodyBytes;
  std::size_t decoded_body_bytes_max = limits::kDecodedBodyBytes;
  std::size_t body_bytes_in_flight_max = limits::kBodyBytesInFlight;
  std::size_t reply_bytes_in_flight_max = limits::kReplyBytesInFlight;
  /// What ended requests keep for the next, of all io threads; a burst's leave within seconds (FreeList). Doubled: so
  /// much more memory for those seconds; halved: past it every request of an overload pays for fresh pages.
  std::size_t kept_request_bytes_max = 128u << 20;
  bool operator_pages_need_key = false;  ///< /metrics and /version, off loopback.
  bool keys_over_tcp = false;            ///< Whether admin routes exist on TCP (scope admin).
  DialectOptions dialects;
};

/// What the operator pages answer. Called on an io thread: must be quick and must not touch the disk.
struct OperatorPages {
  struct Check {
    std::string name;
    bool ok;
    std::string detail;
    bool needed = true;  ///< False: without it the server is "degraded", and ready all the same.
  };
  std::function<std::vector<Check>()> ready;
  std::function<std::string()>
      metrics;  ///< Prometheus text of everything but the transport's own (see metrics_text()).
  std::string version_json;
  struct Answer {
    int status;
    std::string body;  ///< JSON.
  };
  /// POST (`start`) and GET /v1/checkpoint: copies the log for a backup, and tells how that stands. Operators only.
  std::function<Answer(bool start)> checkpoint;
};

/// What became of a look at the certificate's files.
struct CertificateReload {
  enum class Result : std::uint8_t { unchanged, reloaded, refused };
  Result result = Result::unchanged;
  std::string text;  ///< reloaded: the file; refused: why. The certificate in use stays.
};

class Server final : public Completion {
 public:
  /// Throws std::runtime_error with a sentence for the operator when there is a certificate that cannot be used.
  Server(const ServerOptions& options, const KeyedHash& keys, const KeyMaker& key_maker, Catalogue& catalogue,
         OperatorPages pages);
  /// With a list of dialects and deadlines of the caller's: what tests use.
  Server(const ServerOptions& options, const KeyedHash& keys, const KeyMaker& key_maker, Catalogue& catalogue,
         OperatorPages pages, std::span<const Dialect* const> dialects, const TransportTuning& tuning);
  ~Server() override;

  /// Reads the certificate's files again when they changed, or `always`; new connections get what they hold. From one
  /// thread, which may wait for the disk. Without TLS: unchanged.
  [[nodiscard]] CertificateReload reload_certificate(bool always);

  /// Binds and serves. Throws std::runtime_error with a sentence for the operator when it cannot bind.
  void start(IngestEngine& engine, ReadPool& reads);
  /// With something that stands in for the engine; it must outlive stop().
  void start(Backend& backend);
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// SIGTERM: readiness off, stop accepting, finish what was received (answers say Connection: close), at most
  /// limits::kDrainSeconds. Returns when no connection is left or the time is over. Then stop the engine, then stop().
  void drain();
  /// Ends the io threads. No exchange may still be lent to the engine.
  void stop();

  void deliver(std::size_t io_thread, std::span<Batch* const> batches) noexcept override;
  void deliver(std::size_t io_thread, ReadRequest* request) noexcept override;
  void fatal(const char* what) noexcept override;
  /// Called with the reason when the engine reports fatal(); main exits by policy.
  void on_fatal(std::function<void(const char*)> handler);

  /// The transport's own metrics, Prometheus text (sluice_http_*, sluice_connections, sluice_backpressure_total, …).
  [[nodiscard]] std::string metrics_text() const;
  /// Scores refused before they reached the engine, added to `by_code` (indexed by Errc).
  void add_rejected(std::span<std::uint64_t> by_code) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
