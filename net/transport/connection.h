#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "net/transport/active_request.h"
#include "net/transport/authenticator.h"
#include "net/transport/tls.h"

/// One client's connection: a state machine whose phases follow one another as below. Everything happens on its io
/// thread.
///
///   (handshake) → head → (turn) → body → (decoding) → endpoint ⇄ lent / admission → writing → (skipping) → head …
///                                                                                         ↘ lingering → closed
///   any phase → closed
///
/// The bytes go through the kernel's socket as they are, or, when `tls_` is set, through it: the two paths part in
/// read_more() and send_bytes() alone.
///
/// Lifetime: the io thread owns it and frees it once it is closed and nothing that could call back is outstanding
/// (`pending_`): a read, a wait, a posted slice of decoding, or a batch or query lent to the engine. So a client that
/// goes away while its batch is lent costs nothing but a late end. While a request is being served no read is issued:
/// the kernel's buffers fill and TCP slows the client down.

namespace sluice {

class IoThread;

class Connection {
 public:
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;

  /// Takes the descriptor. `admin`: it came over the operator's socket.
  Connection(IoThread& thread, Socket socket, bool admin, AddressPlaces::Place place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();

  // Events; each may free the connection as its last act.
  void on_read(bool failed, std::size_t bytes);
  void on_handshake_turn(bool failed);
  void on_writable(bool failed);
  void on_decode_turn();
  void on_delivered(Batch& batch);
  void on_delivered(ReadRequest& request);
  /// Tries to submit the waiting batch again. `full` and `over_share`: still waiting, and why; `accepted`: it is not.
  [[nodiscard]] IngestEngine::Admission on_admission_turn(MonotonicTime now);
  [[nodiscard]] MonotonicTime admission_until() const noexcept { return admission_until_; }
  /// Of the request being served.
  [[nodiscard]] WorkspaceNumber workspace() const noexcept { return request_->exchange.principal.workspace; }
  /// The end of a wait for a long body's turn; `refused`: it was too long.
  void on_turn(bool refused);
  void on_tick(MonotonicTime now);
  /// Closes when idle; otherwise the current answer will be the last.
  void on_drain();
  void on_stop();

  std::size_t slot = 0;  ///< The io thread's: place among its connections.

 private:
  enum class Phase : std::uint8_t {
    handshake,
    head,
    turn,
    body,
    decoding,
    admission,
    lent,
    writing,
    skipping,
    lingering,
    closed
  };

  // connection.cc: bytes. connection_end.cc: what is no longer wanted, and the end.
  void drive();
  [[nodiscard]] bool advance_head();
  [[nodiscard]] bool advance_body();
  [[nodiscard]] bool advance_inline_body();
  [[nodiscard]] bool advance_chunked_body();
  void read_more();
  void compact();
  [[nodiscard]] ssize_t send_bytes(const iovec* parts, std::size_t count);
  void send_response();
  void continue_sending();
  void response_sent();
  void expect_next_request();
  void skip_body();
  void skipped(std::size_t bytes);
  void give_back_request();
  void time_out();
  [[nodiscard]] bool kernel_has_bytes();
  [[nodiscard]] bool bytes_wait();
  [[nodiscard]] bool more_was_received();
  void end_if_draining();
  void say_last_and_linger();
  void linger();
  void lingered(std::size_t bytes);
  void close();
  void settle();
  [[nodiscard]] std::size_t received() const noexcept { return end_ - begin_; }

  // tls_flow.cc: what only a TLS connection does.
  void begin_tls();
  void advance_handshake();
  void wait_for_handshake(TlsSession::Step wanted);
  void refuse_plain_text();
  void read_tls(char* into, std::size_t room, bool at_once);

  // request_flow.cc: decisions.
  void begin_request();
  void refuse_head(const HeadVerdict& verdict);
  void fill_view();
  [[nodiscard]] bool admit_request();
  [[nodiscard]] bool room_for_scores();
  void wait_for_turn();
  [[nodiscard]] bool authenticate();
  void serve_operator_page();
  void start_endpoint();
  void call_endpoint(bool first);
  void follow(Next next);
  [[nodiscard]] bool make_room_for_reply();
  void refuse(Errc code);
  void refuse(int status, Errc code, std::string_view message, int retry_after_seconds);
  void drop_rest_of_body(std::size_t bytes);
  void refuse_before_body(int status, Errc code, std::string_view message);
  void refuse_before_body(int status, Errc code, std::string_view message, int retry_after_seconds);

  // body_flow.cc: what a body may hold while it comes.
  void begin_body();
  [[nodiscard]] bool hold_body(std::size_t bytes);
  void enlarge_body(std::size_t capacity);
  [[nodiscard]] bool grow_body();
  [[nodiscard]] bool grow_chunked_body(std::size_t bytes);
  void body_complete();
  void decode_slice();

  // rate_flow.cc: what the key may do per second, and the address without one. False: the request was refused.
  [[nodiscard]] bool within_failed_auth_rate();
  [[nodiscard]] bool within_head_rates();
  [[nodiscard]] bool within_score_rate();
  void charge_chunk(std::size_t bytes);
  [[nodiscard]] std::optional<std::string> over_rate(RateKind kind, std::uint64_t cost, int& retry_after_seconds);

  // engine_flow.cc: what the engine is asked.
  void run_read();
  void on_read_run();
  void apply_change();
  void begin_write();
  void check_sources();
  void submit_batch();
  void take_admission(IngestEngine::Admission admission);

  IoThread& thread_;
  ServerShared& shared_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;  // Null: plain, or no byte of a handshake was seen yet.
  const bool admin_;
  const AddressPlaces::Place place_;
  Phase phase_ = Phase::head;
  enum class Turn : std::uint8_t { unasked, served, refused };
  Turn turn_ = Turn::unasked;   // Of the current head, at the body gate.
  bool close_after_ = false;    // This response is the last.
  bool unread_input_ = false;   // The client may still be sending what nobody will read.
  bool separate_body_ = false;  // The body goes to request_->body, not behind the head.
  bool empty_line_seen_ = false;  // Before the current head.
  int pending_ = 0;
  MonotonicTime deadline_ = 0;
  MonotonicTime body_began_ = 0;
  MonotonicTime admission_until_ = 0;
  MonotonicTime turn_since_ = 0;
  MonotonicTime drain_until_ = 0;  // 0: the server is not stopping.
  std::size_t body_received_ = 0;  // Wire bytes, for the minimum rate.

  ByteBuffer buffer_;
  std::size_t begin_ = 0;  // Of the current head.
  std::size_t end_ = 0;    // Of what was received.
  std::size_t head_size_ = 0;
  std::size_t tail_size_ = 0;  // Body bytes in buffer_ that belong to the current request.
  bool read_little_ = true;    // Of the next request little more than its head is wanted in buffer_.
  std::size_t skip_left_ = 0;  // Body bytes of a refused request that are still to come, and to be thrown away.
  HeadScanner scanner_;
  AuthCache auth_cache_;
  std::string_view allow_;
  std::unique_ptr<ActiveRequest> request_;  // From the complete head to the sent response.
};

}  // namespace sluice
