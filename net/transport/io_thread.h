#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/wait_traits.hpp>

#include "engine/model/catalogue_reader.h"
#include "net/dialect/json_reader.h"
#include "net/transport/body_gate.h"
#include "net/transport/connection.h"
#include "net/transport/free_list.h"
#include "net/transport/http_metrics.h"
#include "net/transport/ingest_load.h"

/// One io_context and the thread that alone runs it, with everything its connections share.
/// Threads: adopt(), deliver(), drain(), stop() and join() from any thread (they post); the rest on the io thread
/// itself.

namespace sluice {

class IoThread {
 public:
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  IoThread(ServerShared& shared, ThreadMetrics& metrics, std::size_t index);
  ~IoThread();

  void start();
  /// Takes an accepted descriptor, already counted in shared.connections.
  void adopt(int descriptor, bool admin, bool unix_socket);
  void deliver(std::span<Batch* const> batches);
  void deliver(ReadRequest* request);
  void drain();
  void stop();
  void join();

  // On the io thread.
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
  [[nodiscard]] ServerShared& shared() noexcept { return shared_; }
  [[nodiscard]] ThreadMetrics& metrics() noexcept { return metrics_; }
  [[nodiscard]] BufferPool& buffers() noexcept { return buffers_; }
  [[nodiscard]] JsonParser& json() noexcept { return json_; }
  [[nodiscard]] Authenticator& authenticator() noexcept { return authenticator_; }
  [[nodiscard]] IngestLoad& ingest() noexcept { return ingest_; }
  [[nodiscard]] BodyGate& body_gate() noexcept { return body_gate_; }
  [[nodiscard]] const CataloguePtr& catalogue() { return catalogue_.newest(); }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] std::string_view date() const noexcept { return date_; }
  /// Of the last tick, without the time in which this thread was behind: for deadlines only, and free.
  [[nodiscard]] MonotonicTime coarse_now() const noexcept { return coarse_now_; }
  [[nodiscard]] std::unique_ptr<ActiveRequest> take_request();
  void give_request(std::unique_ptr<ActiveRequest> request);
  [[nodiscard]] std::unique_ptr<BodyDecoder> take_decoder();
  void give_decoder(std::unique_ptr<BodyDecoder> decoder);
  /// 16 characters that no other request of this process has.
  void make_request_id(char* out) noexcept;
  /// Never the same twice in one process, and spread evenly: for what need not be secret.
  [[nodiscard]] std::uint64_t unique_number() noexcept;

  /// To the engine. Small batches wake it once for all that are ready on this thread.
  [[nodiscard]] IngestEngine::Admission submit(Batch& batch);
  void wait_for_admission(Connection& connection);
  void forget_admission(Connection& connection);
  [[nodiscard]] bool someone_waits() const noexcept { return !waiters_.empty(); }
  /// Frees a closed connection.
  void remove(Connection& connection);
  /// Called at each tick; set before start().
  std::function<void()> on_tick;

 private:
  void tick();
  void arm_tick();
  void retry_admissions();
  void arm_retry();
  void open_body_gate();

  ServerShared& shared_;
  ThreadMetrics& metrics_;
  const std::size_t index_;
  boost::asio::io_context context_{1};  // One thread runs it; others post.
  boost::asio::executor_work_guard<Executor> work_;
  Timer tick_timer_;
  Timer retry_timer_;
  IngestLoad ingest_;
  BodyGate body_gate_;
  bool retry_armed_ = false;
  bool wake_owed_ = false;  // A handler is posted that wakes the engine.
  bool stopping_ = false;

  BufferPool buffers_;
  JsonParser json_;
  Authenticator authenticator_;
  CatalogueReader catalogue_;
  FreeList<std::unique_ptr<ActiveRequest>> free_requests_;
  std::vector<std::unique_ptr<BodyDecoder>> free_decoders_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> waiters_;  // For room in the engine; oldest first.
  std::string date_;
  MonotonicTime coarse_now_ = 0;
  MonotonicTime ticked_at_ = 0;
  std::int64_t behind_ns_ = 0;  // In all.
  std::uint64_t id_prefix_ = 0;
  std::uint64_t id_counter_ = 0;
  std::thread thread_;
};

}  // namespace sluice
