#include "net/transport/server.h"

#include <atomic>
#include <chrono>
#include <future>

#include <boost/asio/post.hpp>
#include <unistd.h>

#include "engine/base/check.h"
#include "net/transport/io_thread.h"
#include "net/transport/listener.h"
#include "net/transport/server_shared.h"

namespace sluice {

struct Server::State {
  State(const ServerOptions& options, const KeyedHash& keys, const KeyMaker& key_maker, Catalogue& catalogue,
        OperatorPages pages, std::span<const Dialect* const> dialects, const TransportTuning& tuning)
      : shared(options, tuning, keys, key_maker, catalogue, std::move(pages), dialects) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.io_threads, 1); ++i) {
      metrics.push_back(std::make_unique<ThreadMetrics>(shared.router.routes().size()));
      threads.push_back(std::make_unique<IoThread>(shared, *metrics.back(), i));
    }
  }

  ServerShared shared;
  std::vector<std::unique_ptr<ThreadMetrics>> metrics;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::unique_ptr<Listener>> listeners;  // Io thread 0's, once it runs.
  std::size_t next_thread = 0;                       // Io thread 0's.
  std::unique_ptr<Backend> own_backend;
  std::uint16_t port = 0;
  bool running = false;
  std::function<void(const char*)> fatal_handler;  // Set before start().

  void listen();
};

void Server::State::listen() {
  IoThread& home = *threads.front();
  if (!shared.options.listen_address.empty()) {
    const int descriptor = listen_tcp(shared.options.listen_address, shared.options.listen_port, port);
    listeners.push_back(
        std::make_unique<Listener>(home.context(), shared, *metrics.front(), descriptor, true, [this](int client) {
          threads[next_thread]->adopt(client, false, false);
          next_thread = (next_thread + 1) % threads.size();
        }));
  }
  if (!shared.options.admin_socket.empty()) {
    const int descriptor = listen_unix(shared.options.admin_socket);
    listeners.push_back(std::make_unique<Listener>(home.context(), shared, *metrics.front(), descriptor, false,
                                                   [&home](int client) { home.adopt(client, true, true); }));
  }
  for (const auto& listener : listeners) listener->arm();
  home.on_tick = [this] {
    for (const auto& listener : listeners) listener->on_tick();
  };
}

Server::Server(const ServerOptions& options, const KeyedHash& keys, const KeyMaker& key_maker, Catalogue& catalogue,
               OperatorPages pages, std::span<const Dialect* const> dialects, const TransportTuning& tuning)
    : state_(std::make_unique<State>(options, keys, key_maker, catalogue, std::move(pages), dialects, tuning)) {
  state_->shared.metrics_text = [this] { return metrics_text(); };
}

Server::~Server() { stop(); }

void Server::start(IngestEngine& engine, ReadPool& reads) {
  state_->own_backend = std::make_unique<EngineBackend>(engine, reads);
  start(*state_->own_backend);
}

void Server::start(Backend& backend) {
  SLUICE_CHECK(!state_->running);
  state_->shared.backend = &backend;
  state_->listen();
  for (const auto& thread : state_->threads) thread->start();
  state_->running = true;
}

CertificateReload Server::reload_certificate(bool always) {
  return state_->shared.tls == nullptr ? CertificateReload() : state_->shared.tls->reload(always);
}

std::uint16_t Server::port() const noexcept { return state_->port; }

void Server::drain() {
  State& state = *state_;
  if (!state.running) return;
  state.shared.draining.store(true, std::memory_order_seq_cst);
  // Whoever the kernel has accepted may have sent a request: taken over before the listeners close, and counted before
  // the connections are waited for.
  std::promise<void> closed;
  boost::asio::post(state.threads.front()->context(), [&state, &closed] {
    for (const auto& listener : state.listeners) {
      listener->accept_all();
      listener->close();
    }
    closed.set_value();
  });
  closed.get_future().wait();
  for (const auto& thread : state.threads) thread->drain();
  std::unique_lock lock(state.shared.drain_mutex);
  state.shared.drained.wait_for(lock, std::chrono::nanoseconds(state.shared.tuning.drain_ns),
                                [&state] { return state.shared.connections.load(std::memory_order_seq_cst) == 0; });
}

void Server::stop() {
  State& state = *state_;
  if (!state.running) return;
  state.running = false;
  state.shared.draining.store(true, std::memory_order_relaxed);
  boost::asio::post(state.threads.front()->context(), [&state] {
    for (const auto& listener : state.listeners) listener->close();
  });
  for (const auto& thread : state.threads) thread->stop();
  for (const auto& thread : state.threads) thread->join();
  state.listeners.clear();
  if (!state.shared.options.admin_socket.empty()) ::unlink(state.shared.options.admin_socket.c_str());
}

void Server::deliver(std::size_t io_thread, std::span<Batch* const> batches) noexcept {
  state_->threads[io_thread]->deliver(batches);
}

void Server::deliver(std::size_t io_thread, ReadRequest* request) noexcept {
  state_->threads[io_thread]->deliver(request);
}

void Server::fatal(const char* what) noexcept {
  if (state_->fatal_handler) state_->fatal_handler(what);
}

void Server::on_fatal(std::function<void(const char*)> handler) {
  SLUICE_CHECK(!state_->running);
  state_->fatal_handler = std::move(handler);
}

std::string Server::metrics_text() const {
  return render_metrics(state_->metrics, state_->shared.router,
                        {state_->shared.body_bytes.held(), state_->shared.reply_bytes.held(),
                         state_->shared.options.connections_max,
                         state_->shared.tls == nullptr ? 0 : state_->shared.tls->not_after()});
}

void Server::add_rejected(std::span<std::uint64_t> by_code) const {
  for (const auto& thread : state_->metrics)
    for (std::size_t code = 0; code < std::min(by_code.size(), kErrcCount); ++code)
      by_code[code] += thread->rejected[code].value();
}

}  // namespace sluice
