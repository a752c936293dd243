#include "net/transport/server_for_test.h"

#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "net/transport/text.h"

namespace sluice {
namespace {

class Echo final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    exchange.reply.body.assign(exchange.request.body.data(), exchange.request.body.size());
    return Next::reply;
  }
};

class Item final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    exchange.reply.body.assign(exchange.request.params.at(0));
    return Next::reply;
  }
};

class Big final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    exchange.reply.body.assign(64u << 20, 'x');
    return Next::reply;
  }
};

class Write final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    ScoreRecord record;
    record.source = {SourceSpelling::trace, {}, {exchange.request.body.data(), exchange.request.body.size()}};
    exchange.batch.records.push_back(record);
    return Next::write;
  }
  Next resume(Exchange& exchange) const override {
    exchange.reply.status = 201;
    exchange.reply.body.assign(to_string(exchange.batch.status));
    if (exchange.batch.replayed) exchange.reply.body += " replayed";
    for (const RecordOutcome& outcome : exchange.batch.outcomes)
      exchange.reply.body.append(" ").append(to_string(outcome.code));
    return Next::reply;
  }
};

class Many final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    exchange.batch.records.emplace_back();
    return Next::write;
  }
  Next resume(Exchange& exchange) const override {
    exchange.reply.body.assign(1u << 20, 'x');
    return Next::reply;
  }
  void shorten(Exchange& exchange) const override { exchange.reply.body.assign("short"); }
};

class WriteAndRead final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    exchange.batch.records.emplace_back();
    return Next::write;
  }
  Next resume(Exchange& exchange) const override { return exchange.flags++ == 0 ? Next::read : Next::reply; }
};

class Read final : public Endpoint {
 public:
  Next start(Exchange&) const override { return Next::read; }
  Next resume(Exchange& exchange) const override {
    exchange.reply.body.assign("read ").append(to_string(exchange.read.status));
    return Next::reply;
  }
};

class Change final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    CreateLabel label;
    label.workspace = exchange.principal.workspace;
    label.name.assign(exchange.request.body.data(), exchange.request.body.size());
    label.settings_json = "{}";
    exchange.change = label;
    return Next::change;
  }
  Next resume(Exchange& exchange) const override {
    exchange.reply.status = exchange.changed.ok() ? 201 : 409;
    exchange.reply.body = exchange.changed.ok() ? exchange.changed->label->name : "failed";
    return Next::reply;
  }
};

class Throw final : public Endpoint {
 public:
  Next start(Exchange&) const override { throw std::length_error("a bug"); }
};

class FakeDialect final : public Dialect {
 public:
  DialectCode code() const noexcept override { return DialectCode::native; }
  std::span<const Route> routes() const noexcept override {
    static const Echo echo;
    static const Item item;
    static const Big big;
    static const Write write;
    static const Many many;
    static const WriteAndRead write_and_read;
    static const Read read;
    static const Change change;
    static const Throw thrower;
    static const Route kRoutes[] = {
        {Method::post, "/echo", kIngest, &echo, false},     {Method::get, "/items/{id}", kRead, &item, false},
        {Method::get, "/big", kRead, &big, false},          {Method::post, "/write", kIngest, &write, false},
        {Method::get, "/read", kRead, &read, false},        {Method::post, "/change", kManage, &change, false},
        {Method::post, "/throw", kIngest, &thrower, false}, {Method::get, "/keys", kAdmin, &echo, true},
        {Method::post, "/many", kIngest, &many, false},     {Method::post, "/back", kIngest, &write_and_read, false},
    };
    return kRoutes;
  }
  void refuse(const Refusal& refusal, const RequestView&, Reply& reply) const override {
    reply.status = refusal.status;
    reply.retry_after_seconds = refusal.retry_after_seconds;
    reply.body = "fake " + std::to_string(refusal.status) + " ";
    reply.body.append(to_string(refusal.code)).append(" ").append(refusal.message);
  }
};

void set_timeout(int descriptor) {
  // Only so that a broken server fails a test instead of hanging it.
  const timeval limit{20, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

}  // namespace

IngestEngine::Admission FakeBackend::submit(Batch& batch, IngestEngine::Wake /*wake*/) {
  const IngestEngine::Admission now = on_admission ? on_admission(batch) : admission.load();
  const std::unique_lock lock(mutex_);
  if (now != IngestEngine::Admission::accepted) {
    ++refused_;
    changed_.notify_all();
    return now;
  }
  batch.status = Errc::ok;
  batch.outcomes.assign(batch.records.size(), RecordOutcome());
  for (std::size_t i = 0; i < batch.records.size(); ++i) batch.outcomes[i].code = batch.records[i].precheck;
  if (on_batch) on_batch(batch);
  if (hold.load()) {
    held_.push_back(&batch);
    changed_.notify_all();
  } else {
    Batch* const one = &batch;
    completion->deliver(batch.io_thread, {&one, 1});
  }
  return IngestEngine::Admission::accepted;
}

bool FakeBackend::submit(ReadRequest& request) {
  if (!take_reads.load()) return false;
  if (request.query.by == ScoreQuery::By::source_exists) request.exists.assign(request.query.sources.size(), true);
  if (on_read) on_read(request);
  completion->deliver(request.io_thread, &request);
  return true;
}

void FakeBackend::wait_for_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_.size() >= count; });
}

void FakeBackend::wait_for_refusals(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return refused_ >= count; });
}

void FakeBackend::release() {
  std::unique_lock lock(mutex_);
  for (Batch* const batch : held_) completion->deliver(batch->io_thread, {&batch, 1});
  held_.clear();
}

std::string Response::field(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
    if (line.size() > name.size() + 1 && line.substr(0, name.size()) == name && line[name.size()] == ':') {
      return std::string(text::trim(line.substr(name.size() + 1)));
    }
    at = end;
  }
  return {};
}

Client::Client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SLUICE_CHECK(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  set_timeout(descriptor_);
}

Client::Client(const std::string& unix_path) : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, unix_path.data(), unix_path.size());
  SLUICE_CHECK(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  set_timeout(descriptor_);
}

Client::~Client() { ::close(descriptor_); }

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // The server has closed; what it said is still to be read.
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Client::fill() {
  char buffer[65536];
  const ssize_t size = ::recv(descriptor_, buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

Response Client::read(bool head_request) {
  Response response;
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  response.head = received_.substr(0, end + 2);
  response.status = std::stoi(response.head.substr(9, 3));
  const std::string length = response.field("Content-Length");
  const std::size_t size = length.empty() || head_request ? 0 : std::stoul(length);
  while (received_.size() < end + 4 + size) {
    if (!fill()) return {};
  }
  response.body = received_.substr(end + 4, size);
  received_.erase(0, end + 4 + size);
  return response;
}

bool Client::closed() {
  char byte;
  const ssize_t size = received_.empty() ? ::recv(descriptor_, &byte, 1, 0) : 1;
  return size == 0 || (size < 0 && errno == ECONNRESET);
}

void Client::finish_sending() { ::shutdown(descriptor_, SHUT_WR); }

TestServer::TestServer(const std::function<void(Setup&)>& adjust) {
  static const FakeDialect dialect;
  static const Dialect* const kDialects[] = {&dialect};
  add_key("slkey", {});
  add_key("slmanager", {.scopes = kIngest | kRead | kManage});
  add_key("slrevoked", {});
  add_key("slstrict", {.workspace = "strict", .strict = true});
  SLUICE_CHECK(catalogue.apply(RevokeKey{"slrevoked"}, 2).ok());
  Setup setup;
  setup.options.listen_port = 0;
  setup.tuning.tick_ns = 2'000'000;
  setup.tuning.clock_skew_ns = &skew_ns;
  setup.pages.version_json = R"({"version":"test"})";
  if (adjust) adjust(setup);
  server = std::make_unique<Server>(setup.options, keys, key_maker, catalogue, setup.pages, kDialects, setup.tuning);
  backend.completion = server.get();
  server->start(backend);
}

TestServer::~TestServer() {
  backend.hold = false;
  backend.release();
  server->stop();
}

std::string TestServer::add_key(const char* id, const Key& key) {
  CreateKey change;
  change.workspace_name = key.workspace;
  change.strict_sources = key.strict;
  change.key_id = id;
  change.digest = key_maker.digest("secret");
  change.name = change.annotator_name = id;
  change.scopes = key.scopes;
  change.rates = key.rates;
  SLUICE_CHECK(catalogue.apply(change, 1).ok());
  return "Host: a\r\nAuthorization: Bearer " + std::string(id) + ".secret\r\n";
}

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view path, std::string_view body, std::string_view fields) {
  return "POST " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace sluice
