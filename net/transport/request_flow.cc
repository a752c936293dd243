#include <algorithm>
#include <exception>

#include "net/transport/connection.h"
#include "net/transport/io_thread.h"
#include "net/transport/operator_pages.h"
#include "net/transport/text.h"

/// Connection's decisions: what to do with a request whose head is complete, and what its endpoint asks for. Bodies
/// are in body_flow.cc.

namespace sluice {
namespace {

constexpr int kBusyRetrySeconds = 1;
constexpr int kStoppingRetrySeconds = 5;
constexpr int kDiskRetrySeconds = 30;
// The rest of a refused request's body is read and thrown away up to this length; a longer one costs the connection.
// Doubled: a client without a key may make us take in twice as much; halved: under overload, batches of some thousand
// scores cost a new connection for each refusal.
constexpr std::size_t kSkippedBodyBytes = 1u << 20;

int shortest_wait(Errc code) noexcept {
  switch (code) {
    case Errc::overloaded:
      return kBusyRetrySeconds;
    case Errc::stopping:
      return kStoppingRetrySeconds;
    case Errc::outcome_unknown:
      return kStoppingRetrySeconds;
    case Errc::disk_full:
      return kDiskRetrySeconds;
    default:
      return 0;
  }
}

/// Seconds; up to half as long again: who was refused together must not come back together. (One second stays one: the
/// header has no smaller unit.)
int retry_after(Errc code, std::uint64_t random) noexcept {
  const int shortest = shortest_wait(code);
  return shortest + static_cast<int>(random % (static_cast<std::uint64_t>(shortest) / 2 + 1));
}

bool changes_state(Method method) noexcept {
  return method == Method::post || method == Method::put || method == Method::patch || method == Method::del;
}

IdempotencyRequest idempotency_of(const ActiveRequest& request, const KeyedHash& keys) {
  const RequestView& view = request.exchange.request;
  std::string text(request.route->pattern);
  text.append(1, '\0').append(view.idempotency_key);
  // The same request with and without a slash at the end.
  std::string target(view.path.ends_with('/') ? view.path.substr(0, view.path.size() - 1) : view.path);
  target.append(1, '?').append(view.query);
  const std::uint64_t target_hash = keys.hash(0, target);
  return {keys.hash128(request.exchange.principal.key, text),
          keys.hash128(target_hash, {view.body.data(), view.body.size()})};
}

}  // namespace

void Connection::refuse_head(const HeadVerdict& verdict) {
  thread_.metrics().heads_refused.add();
  request_->head = RequestHead();
  request_->dialect = &shared_.router.native();
  fill_view();
  close_after_ = unread_input_ = true;
  refuse(verdict.status, Errc::malformed_request, verdict.reason, 0);
}

void Connection::fill_view() {
  ActiveRequest& request = *request_;
  const RequestHead& head = request.head;
  RequestView& view = request.exchange.request;
  view.method = head.method;
  view.path = head.path;
  view.query = head.query;
  view.content_type = head.content_type;
  view.idempotency_key = head.idempotency_key;
  view.host = head.host;
  const bool own_id = !head.request_id.empty() && head.request_id.size() <= request.request_id.size() &&
                      text::all(head.request_id, text::kRequestId);
  if (own_id) {
    view.request_id = head.request_id;
  } else {
    thread_.make_request_id(request.request_id.data());
    view.request_id = {request.request_id.data(), 16};
  }
}

void Connection::begin_request() {
  const HeadVerdict verdict = parse_head({buffer_.data() + begin_, head_size_}, scanner_.lines(), request_->head);
  if (verdict.state == HeadVerdict::State::refused) return refuse_head(verdict);
  fill_view();
  if (!admit_request()) return;
  if (request_->route->page != OperatorPage::none) return serve_operator_page();
  begin_body();
}

/// Everything that can be refused from the head alone. False: it was.
bool Connection::admit_request() {
  ActiveRequest& request = *request_;
  const RequestHead& head = request.head;
  const Router::Match match = shared_.router.find(head.method, head.path, admin_ || shared_.options.keys_over_tcp,
                                                  request.exchange.request.params);
  request.route = match.route;
  request.dialect = match.dialect;
  if (match.route == nullptr) {
    allow_ = match.allow;
    const Errc code = match.allow.empty() ? Errc::not_found : Errc::method_not_allowed;
    refuse_before_body(default_status(code), code, default_message(code));
    return false;
  }
  if (!authenticate()) return false;
  if (head.has_content_length && head.content_length > shared_.options.body_bytes_max) {
    refuse_before_body(413, Errc::body_too_large, default_message(Errc::body_too_large));
    return false;
  }
  const std::optional<Coding> coding = parse_coding(head.content_encoding);
  if (!coding) {
    refuse_before_body(415, Errc::unsupported_encoding, default_message(Errc::unsupported_encoding));
    return false;
  }
  request.coding = *coding;
  const bool writes_scores = request.route->page == OperatorPage::none && request.route->scope == kIngest;
  if (writes_scores && !room_for_scores()) return false;
  if (!within_head_rates()) return false;
  if (writes_scores) {
    thread_.ingest().began(workspace());
    request.counted = true;
  }
  return true;
}

/// Reading and decoding what will be refused would take the time from what can be stored. False: it was refused, or
/// waits for its turn.
bool Connection::room_for_scores() {
  IngestLoad& load = thread_.ingest();
  const bool crowded = shared_.backend->crowded(workspace());
  if (crowded || turn_ == Turn::refused || load.overloaded_by(workspace())) {
    const Backpressure stage = crowded ? Backpressure::admission_full : Backpressure::io_thread;
    thread_.metrics().backpressure[static_cast<std::size_t>(stage)].add();
    refuse_before_body(429, Errc::overloaded, default_message(Errc::overloaded));
    return false;
  }
  const RequestHead& head = request_->head;
  if (!head.chunked && head.content_length <= BodyGate::kLongBytes) return true;
  if (turn_ == Turn::unasked && thread_.body_gate().closed(load.busy()) && load.has_its_share(workspace())) {
    wait_for_turn();
    return false;
  }
  thread_.body_gate().began();
  request_->long_body = true;
  return true;
}

/// The request is given back meanwhile: it may have the room of a thousand records, which others can use. Its head
/// stays in the buffer and is parsed again.
void Connection::wait_for_turn() {
  turn_since_ = request_->started;
  give_back_request();
  phase_ = Phase::turn;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::body_wait)].add();
  thread_.body_gate().wait(*this, turn_since_);
  thread_.ingest().arm();
}

void Connection::on_turn(bool refused) {
  phase_ = Phase::head;
  turn_ = refused ? Turn::refused : Turn::served;
  request_ = thread_.take_request();
  request_->started = turn_since_;
  request_->exchange.now = wall_now();
  begin_request();
  turn_ = Turn::unasked;
  drive();
  settle();
}

bool Connection::authenticate() {
  ActiveRequest& request = *request_;
  const OperatorPage page = request.route->page;
  const bool metrics_page = page == OperatorPage::metrics || page == OperatorPage::version;
  const bool guarded_page =
      !admin_ && (request.route->admin || (metrics_page && shared_.options.operator_pages_need_key));
  if (page != OperatorPage::none && !guarded_page) return true;

  request.exchange.catalogue = thread_.catalogue();
  if (admin_) {
    request.exchange.principal = {0, 0, 0, kIngest | kRead | kManage | kAdmin};
    return true;
  }
  const Result<Principal> principal =
      thread_.authenticator().check(request.head, *request.exchange.catalogue, auth_cache_);
  if (!principal.ok()) {
    // A scraper with a bad key is told so, whatever the clients behind its address do.
    if (!metrics_page && !within_failed_auth_rate()) return false;
    const Errc code = principal.error().code;
    refuse_before_body(401, code, default_message(code));
    return false;
  }
  request.exchange.principal = *principal;
  const bool any_key = metrics_page;
  if (!any_key && !principal->may(request.route->scope)) {
    refuse_before_body(403, Errc::forbidden, default_message(Errc::forbidden));
    return false;
  }
  return true;
}

void Connection::serve_operator_page() {
  // The page is answered from the head; a body behind it would be taken for the next request.
  if (request_->head.has_body()) return refuse_before_body(413, Errc::body_too_large, "This page takes no body.");
  answer_operator_page(*request_->route, shared_, request_->exchange.reply);
  send_response();
}

void Connection::refuse_before_body(int status, Errc code, std::string_view message) {
  refuse_before_body(status, code, message, retry_after(code, thread_.unique_number()));
}

/// `bytes` of a refused body are still to come.
void Connection::drop_rest_of_body(std::size_t bytes) {
  if (bytes <= kSkippedBodyBytes) {
    skip_left_ = bytes;
  } else {
    close_after_ = unread_input_ = true;
  }
}

/// Most of the body may still be on its way: what is short enough is thrown away as it comes, behind the answer. A
/// client that asked whether to send it may never do so, and a chunked body's end is only found by parsing it.
void Connection::refuse_before_body(int status, Errc code, std::string_view message, int retry_after_seconds) {
  const RequestHead& head = request_->head;
  if (head.has_body()) {
    const std::size_t here = received() - head_size_;
    if (!head.chunked && here >= head.content_length) {
      tail_size_ = static_cast<std::size_t>(head.content_length);
    } else if (!head.chunked && !head.expect_continue && head.content_length <= kSkippedBodyBytes) {
      skip_left_ = static_cast<std::size_t>(head.content_length) - here;
    } else {
      close_after_ = unread_input_ = true;
    }
  }
  refuse(status, code, message, retry_after_seconds);
}

void Connection::start_endpoint() {
  ActiveRequest& request = *request_;
  Exchange& exchange = request.exchange;
  exchange.keys = &shared_.keys;
  exchange.key_maker = &shared_.key_maker;
  exchange.options = &shared_.options.dialects;
  exchange.json = &thread_.json();
  exchange.batch.dialect = request.dialect->code();
  exchange.batch.principal = exchange.principal;
  // Before the endpoint, which may unescape in place.
  if (!request.head.idempotency_key.empty() && changes_state(request.head.method)) {
    request.idempotency = idempotency_of(request, shared_.keys);
  }
  call_endpoint(true);
}

/// An exception here is a bug of a dialect's; it must not end the process, because a request can provoke it again.
void Connection::call_endpoint(bool first) {
  Exchange& exchange = request_->exchange;
  const Endpoint& endpoint = *request_->route->endpoint;
  Next next = Next::reply;
  try {
    next = first ? endpoint.start(exchange) : endpoint.resume(exchange);
  } catch (const std::exception&) {
    close_after_ = true;
    return refuse(Errc::internal);
  }
  follow(next);
}

void Connection::follow(Next next) {
  switch (next) {
    case Next::reply:
      return send_response();
    case Next::read:
      return run_read();
    case Next::change:
      return apply_change();
    case Next::write:
      return begin_write();
  }
}

/// Room for a large answer among those that are being sent. A write has been done, so its answer is made short instead.
/// False: the request was refused.
bool Connection::make_room_for_reply() {
  ActiveRequest& request = *request_;
  const Reply& answer = request.exchange.reply;
  if (request.reply_permit.try_take(workspace(), answer.body.capacity())) return true;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::reply_bytes)].add();
  if (!changes_state(request.head.method)) {
    refuse(Errc::overloaded);
    return false;
  }
  if (request.route != nullptr && request.route->endpoint != nullptr)
    request.route->endpoint->shorten(request.exchange);
  request.exchange.reply.body.shrink_to_fit();
  request.reply_permit.take(workspace(), answer.body.capacity());
  return true;
}

void Connection::refuse(Errc code) {
  refuse(default_status(code), code, default_message(code), retry_after(code, thread_.unique_number()));
}

void Connection::refuse(int status, Errc code, std::string_view message, int retry_after_seconds) {
  Reply& answer = request_->exchange.reply;
  answer.reset();
  request_->dialect->refuse({status, code, std::string(message), {}, retry_after_seconds}, request_->exchange.request,
                            answer);
  if (answer.retry_after_seconds == 0) answer.retry_after_seconds = retry_after_seconds;
  send_response();
}

}  // namespace sluice
