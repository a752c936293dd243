#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/transport/backend.h"
#include "net/transport/server.h"
#include "net/transport/tuning.h"

/// What the transport's tests share: a server on a free loopback port with a dialect and an engine of their own, and a
/// blocking client that writes raw bytes.

namespace sluice {

/// Stands in for the engine: answers at once, or holds what it took until released.
class FakeBackend final : public Backend {
 public:
  bool crowded(WorkspaceNumber workspace) const noexcept override { return crowded_workspace.load() == workspace; }
  IngestEngine::Admission room_for_barrier(std::size_t) const noexcept override { return barrier_room.load(); }
  IngestEngine::Admission submit(Batch& batch, IngestEngine::Wake wake) override;
  bool submit(ReadRequest& request) override;

  /// Before a batch is delivered: what the engine would have done to it.
  std::function<void(Batch&)> on_batch;
  std::function<void(ReadRequest&)> on_read;
  /// For one batch, instead of `admission`.
  std::function<IngestEngine::Admission(const Batch&)> on_admission;
  std::atomic<IngestEngine::Admission> admission{IngestEngine::Admission::accepted};
  std::atomic<IngestEngine::Admission> barrier_room{IngestEngine::Admission::accepted};
  std::atomic<WorkspaceNumber> crowded_workspace{0};
  std::atomic<bool> take_reads{true};
  std::atomic<bool> hold{false};
  Completion* completion = nullptr;

  void wait_for_held(std::size_t count);
  void wait_for_refusals(std::size_t count);
  void release();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Batch*> held_;
  std::size_t refused_ = 0;
};

struct Response {
  int status = 0;
  std::string head;  ///< Status line and fields.
  std::string body;
  [[nodiscard]] std::string field(std::string_view name) const;  ///< Empty: absent.
};

class Client {
 public:
  explicit Client(std::uint16_t port);
  explicit Client(const std::string& unix_path);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);
  /// The next response, body by Content-Length; status 0 when the connection ended first. `head_request`: no body
  /// follows.
  Response read(bool head_request = false);
  Response ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  /// Reads to the end: true when the server closed and sent nothing more.
  bool closed();
  void finish_sending();

 private:
  bool fill();
  int descriptor_ = -1;
  std::string received_;
};

/// A server with a fake dialect:
///   POST /echo (ingest)        → 200, the body as sent
///   GET  /items/{id} (read)    → 200, the id
///   GET  /big (read)           → 200, 64 MiB: more than sockets buffer
///   POST /write (ingest)       → Next::write with one record, then 201 and batch.status, replayed, source outcome
///   POST /many (ingest)        → Next::write as /write, then 200 and 1 MiB; shortened: "short"
///   POST /back (ingest)        → Next::write with one record, Next::read, then 200
///   GET  /read (read)          → Next::read, then 200
///   POST /change (manage)      → Next::change: creates a label, then 201
///   POST /throw (ingest)       → an exception
///   GET  /keys (admin route)   → 200
/// and refusals `<dialect> <status> <code> <message>`. Key "slkey" with secret "secret": ingest and read; "slmanager":
/// all but admin; "slrevoked"; "slstrict": a strict workspace.
class TestServer {
 public:
  struct Setup {
    ServerOptions options;
    TransportTuning tuning;
    OperatorPages pages;
  };
  explicit TestServer(const std::function<void(Setup&)>& adjust = {});
  ~TestServer();

  [[nodiscard]] Client connect() const { return Client(server->port()); }
  struct Key {
    std::uint8_t scopes = kIngest | kRead;
    RateLimits rates = {};
    const char* workspace = "default";
    bool strict = false;
  };
  /// A key with the secret "secret" and an annotator of its name; the head fields that show it.
  std::string add_key(const char* id, const Key& key);
  /// Moves the server's clock and lets its timers see it.
  void advance(std::int64_t seconds) { skew_ns.fetch_add(seconds * 1'000'000'000); }

  std::atomic<std::int64_t> skew_ns{0};
  KeyedHash keys{KeyedHash::Key{1}};
  KeyMaker key_maker{{2}};
  Catalogue catalogue;
  FakeBackend backend;
  std::unique_ptr<Server> server;
};

inline constexpr std::string_view kAuth = "Host: a\r\nAuthorization: Bearer slkey.secret\r\n";
[[nodiscard]] std::string get(std::string_view path, std::string_view fields = kAuth);
[[nodiscard]] std::string post(std::string_view path, std::string_view body, std::string_view fields = kAuth);

}  // namespace sluice
