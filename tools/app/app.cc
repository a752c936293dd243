#include "tools/app/app.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "store/data_dir.h"
#include "tools/app/checkpointer.h"
#include "tools/app/memory_shares.h"
#include "tools/app/metrics.h"
#include "tools/app/process.h"

namespace sluice {
namespace {

std::size_t or_by_cores(std::size_t setting, std::size_t cores_per_thread, std::size_t least, std::size_t most) {
  if (setting != 0) return setting;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::clamp(cores / cores_per_thread, least, most);
}

MemoryShares shares_of(const Settings& settings) { return {settings.memory_bytes, settings.body_bytes_max}; }

EngineOptions engine_options(const Settings& settings) {
  EngineOptions options;
  options.io_threads = or_by_cores(settings.io_threads, 1, 1, 16);
  options.shards = or_by_cores(settings.shards, 4, 1, 16);
  options.scores_in_flight = shares_of(settings).scores_in_flight;
  options.bytes_in_flight = shares_of(settings).records;
  return options;
}

StoreOptions store_options(const Settings& settings, App::Listen listen) {
  StoreOptions options;
  options.memory_bytes = shares_of(settings).store;
  options.open_files = store_descriptors(descriptor_limit());
  options.disk_reserve_bytes = settings.disk_reserve_bytes;
  if (listen == App::Listen::everywhere) options.ballast_bytes = settings.ballast_bytes;
  return options;
}

ServerOptions server_options(const Settings& settings, App::Listen listen, const std::string& admin_socket) {
  ServerOptions options;
  options.listen_address = listen == App::Listen::everywhere ? settings.listen_address : "";
  options.listen_port = settings.listen_port;
  options.admin_socket = admin_socket;
  if (listen == App::Listen::everywhere) {
    options.tls_certificate = settings.tls_certificate;
    options.tls_key = settings.tls_key;
  }
  options.connections_max = settings.connections_max;
  options.io_threads = engine_options(settings).io_threads;
  const MemoryShares shares = shares_of(settings);
  options.body_bytes_max = settings.body_bytes_max;
  options.decoded_body_bytes_max = shares.decoded_body_max;
  options.body_bytes_in_flight_max = shares.bodies;
  options.reply_bytes_in_flight_max = shares.replies;
  options.kept_request_bytes_max = shares.kept_requests;
  options.connections_per_address_max = settings.connections_per_address_max;
  options.failed_auth_per_second = settings.failed_auth_per_second;
  options.rates = settings.default_rates;
  options.burst_seconds = settings.rate_burst_seconds;
  options.operator_pages_need_key = !is_loopback(settings.listen_address);
  options.keys_over_tcp = settings.keys_over_tcp;
  options.dialects.futureagi_envelope = settings.futureagi_envelope;
  return options;
}

OperatorPages::Check disk_check(const StoreMetrics& now, bool full) {
  std::string detail = std::to_string(now.disk_free_bytes >> 20) + " MiB free";
  if (full) detail += ", less than the reserve: writes are answered 507";
  if (full && now.ballast_bytes != 0)
    detail += "; deleting ballast in the data directory frees " + std::to_string(now.ballast_bytes >> 20) + " MiB";
  return {"disk", !full, std::move(detail)};
}

/// Named, but no reason to send nobody here: every write and all other reads are as good as ever, there is no second
/// copy to turn to, and staying away mends nothing.
OperatorPages::Check data_check(const StoreMetrics& now) {
  const char* detail = "no damage found";
  if (now.index_damaged) detail = "the index is damaged: some reads answer 500; a restart rebuilds it from the log";
  if (now.log_damaged) detail = "the log is damaged: some reads answer 500; restore the data directory from a backup";
  return {"data", !now.log_damaged && !now.index_damaged, detail, false};
}

void write_private_file(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("cannot write " + path + ": " + std::strerror(reason));
}

}  // namespace

struct App::State {
  State(const Settings& chosen, Listen where)
      : settings(chosen),
        directory(chosen.data),
        admin_socket(directory.path() + "/admin.sock"),
        keys(directory.hash_key()),
        key_maker(directory.pepper()),
        store(Store::open(directory, store_options(chosen, where))),
        checkpointer(*store, directory.path()),
        server(server_options(chosen, where, admin_socket), keys, key_maker, catalogue, pages()),
        engine(engine_options(chosen), keys, catalogue, store->log(), server),
        scores(keys, store->reader()),
        reads(or_by_cores(chosen.read_threads, 1, 2, 16), scores, server),
        listen(where) {}

  OperatorPages pages() {
    OperatorPages made;
    made.version_json = version_json();
    made.ready = [this] { return ready_checks(); };
    made.metrics = [this] {
      EngineMetrics now = engine.metrics();
      server.add_rejected(now.rejected_by_code);
      return metrics_text(now, store->metrics(), reads);
    };
    made.checkpoint = [this](bool start) { return checkpointer.answer(start); };
    return made;
  }

  std::vector<OperatorPages::Check> ready_checks() {
    const StoreMetrics now = store->metrics();
    return {{"store", !now.background_error,
             now.background_error ? "the log reported an error; restart to recover" : "open"},
            disk_check(now, store->log().disk_full()),
            {"backlog", store->log().pressure() < 1.0, std::to_string(now.hot_rows) + " rows not indexed yet"},
            data_check(now)};
  }

  void make_first_key();

  const Settings settings;
  const DataDir directory;
  const std::string admin_socket;
  const KeyedHash keys;
  const KeyMaker key_maker;
  Catalogue catalogue;
  // Order matters: the engine and the pool call the server until they are stopped; all of them use the store.
  std::unique_ptr<Store> store;
  Checkpointer checkpointer;
  Server server;
  IngestEngine engine;
  ScoreReader scores;
  ReadPool reads;
  const Listen listen;
  std::optional<FirstKey> first_key;
  bool finished = false;
  bool stopped = false;
};

/// Runs before the engine starts, so that main may append to the log itself.
void App::State::make_first_key() {
  const bool given = !settings.bootstrap_key.empty();
  FirstKey key;
  if (given) {
    const std::size_t colon = settings.bootstrap_key.find(':');
    key = {settings.bootstrap_key.substr(0, colon), settings.bootstrap_key.substr(colon + 1), ""};
    const ApiKey* const existing = catalogue.snapshot()->key(key.id);
    if (existing != nullptr) {
      if (existing->revoked || !KeyMaker::equal(existing->digest, key_maker.digest(key.secret)))
        throw std::runtime_error("bootstrap_key: a key with the id '" + key.id +
                                 "' exists already with another secret, or was revoked; choose another id");
      return;
    }
  } else {
    if (!catalogue.snapshot()->keys().empty()) return;
    MintedKey minted = key_maker.mint();
    key = {std::move(minted.id), std::move(minted.secret), directory.path() + "/first-key"};
  }
  CreateKey change;
  change.workspace_name = "default";
  change.strict_sources = settings.strict_sources;
  change.key_id = key.id;
  change.digest = key_maker.digest(key.secret);
  change.name = "first key";
  change.annotator_name = "first key";
  change.scopes = kIngest | kRead | kManage;
  const auto created = catalogue.apply(change, wall_now());
  if (!created)
    throw std::runtime_error("cannot create the first key: " + std::string(to_string(created.error().code)));

  // The file first: a key that is durable but unknown to everybody would lock the operator out of TCP.
  if (!given) write_private_file(key.file, key.id + "." + key.secret + "\n");
  const LogTail tail = store->log().tail();
  Group group;
  group.commit_sequence = tail.last_commit_sequence + 1;
  group.inserted_at = std::max(wall_now(), tail.last_inserted_at + 1000);
  catalogue.drain(group.catalogue);
  if (store->log().append(group) != Durability::durable)
    throw std::runtime_error("cannot write the first key to the log in " + directory.path() + "; is the disk full?");
  first_key = std::move(key);
}

App::App(const Settings& settings, Listen listen) : state_(std::make_unique<State>(settings, listen)) {
  std::vector<IdempotencyEntry> idempotency;
  const WallTime since = wall_now() - limits::kIdempotencyHours * 3'600'000'000'000;
  const std::size_t tables = engine_options(settings).shards;  // Each shard has one.
  const auto loaded = state_->store->log().load(state_->catalogue, {since, tables}, idempotency);
  if (!loaded)
    throw std::runtime_error("the catalogue in " + settings.data + " cannot be read (" +
                             std::string(to_string(loaded.error().code)) + " at " + loaded.error().where +
                             ").\n  Restore the directory from a backup; nothing was changed.");
  if (listen == Listen::everywhere) state_->make_first_key();
  state_->engine.start(std::move(idempotency));
}

App::~App() { stop(); }

void App::start() { state_->server.start(state_->engine, state_->reads); }

std::uint16_t App::port() const { return state_->server.port(); }
const std::optional<FirstKey>& App::first_key() const { return state_->first_key; }
std::string App::admin_socket() const { return state_->admin_socket; }

CertificateReload App::reload_certificate(bool always) { return state_->server.reload_certificate(always); }

void App::on_fatal(std::function<void(const char*)> handler) {
  state_->server.on_fatal(handler);
  state_->store->on_fatal(std::move(handler));
}

void App::finish() {
  if (std::exchange(state_->finished, true)) return;
  state_->server.drain();
  state_->engine.stop();
  state_->reads.stop();
  state_->server.stop();
}

void App::stop() {
  if (std::exchange(state_->stopped, true)) return;
  finish();
  state_->checkpointer.wait();
  state_->store->close();
}

}  // namespace sluice
