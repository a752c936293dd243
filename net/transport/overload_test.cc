#include <thread>

#include <gtest/gtest.h>

#include "net/transport/body_gate.h"
#include "net/transport/ingest_load.h"
#include "net/transport/server_for_test.h"

/// Rate limits over real connections, and who waits for whom when the engine is full.

namespace sluice {
namespace {

class OverloadTest : public testing::Test {
 protected:
  TestServer test{[](TestServer::Setup& setup) { setup.options.rates = {1000, 0, 0}; }};
};

TEST_F(OverloadTest, RequestsPastTheRateAre429AndPassAfterRetryAfter) {
  const std::string auth = test.add_key("slslow", {.rates = {.requests = 2, .scores = {}, .bytes = {}}});
  Client client = test.connect();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.ask(get("/items/a", auth)).status, 200) << i;
  const Response refused = client.ask(post("/echo", "body", auth));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(refused.body,
            "fake 429 rate_limited This API key may send 2 requests per second and has sent more. Nothing was stored; "
            "try again in 1 s.");
  EXPECT_EQ(client.ask(get("/items/a")).status, 200) << "another key on the same connection";
  test.advance(1);
  EXPECT_EQ(client.ask(post("/echo", "body", auth)).body, "body");
}

TEST_F(OverloadTest, AKeyWithoutRatesHasTheServersAndZeroIsNone) {
  const std::string plain = test.add_key("slplain", {});
  const std::string unlimited = test.add_key("slunlimited", {.rates = {.requests = 0, .scores = {}, .bytes = {}}});
  Client client = test.connect();
  const auto refused_of = [&](const std::string& auth) {
    std::string all;
    for (int i = 0; i < 3000; ++i) all += get("/items/a", auth);
    client.send(all);
    int count = 0;
    for (int i = 0; i < 3000; ++i) count += client.read().status == 429 ? 1 : 0;
    return count;
  };
  EXPECT_EQ(refused_of(unlimited), 0);
  const int refused = refused_of(plain);
  EXPECT_GT(refused, 0) << "3000 pipelined at once, 1000 per second";
}

TEST_F(OverloadTest, BytesAreRefusedBeforeTheBodyIsRead) {
  const std::string auth = test.add_key("slbytes", {.rates = {.requests = {}, .scores = {}, .bytes = 1000}});
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/echo", std::string(1000, 'x'), auth)).status, 200);
  EXPECT_EQ(client.ask(get("/items/a", auth)).status, 200) << "no body, no bytes";
  client.send("POST /echo HTTP/1.1\r\n" + auth + "Content-Length: 5000\r\n\r\n");
  const Response refused = client.read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1") << "all of the first is paid for then";
  EXPECT_NE(refused.body.find("1000 bytes of bodies per second"), std::string::npos) << refused.body;
  client.send(std::string(5000, 'x'));
  test.advance(1);
  EXPECT_EQ(client.ask(post("/echo", std::string(5000, 'x'), auth)).status, 200) << "more than a burst, owing nothing";
  // Half a burst: may be had after 4.5 s. The clock ticks while this runs, so no wait here is close to a whole second.
  const Response later = client.ask(post("/echo", std::string(500, 'x'), auth));
  EXPECT_EQ(later.status, 429);
  EXPECT_EQ(later.field("Retry-After"), "5") << "5000 bytes are paid for after 5 s";
}

TEST_F(OverloadTest, AChunkedBodyIsChargedAsItComes) {
  const std::string auth = test.add_key("slchunks", {.rates = {.requests = {}, .scores = {}, .bytes = 1000}});
  Client client = test.connect();
  std::string chunked = "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) chunked += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(client.ask(chunked + "0\r\n\r\n").body.size(), 3000u) << "its length was not known";
  const Response refused = client.ask(post("/echo", std::string(500, 'x'), auth));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "3") << "2.5 s and the framing";
}

TEST_F(OverloadTest, ScoresPastTheRateNeverReachTheEngine) {
  const std::string auth = test.add_key("slscores", {.rates = {.requests = {}, .scores = 2, .bytes = {}}});
  std::atomic<int> batches{0};
  test.backend.on_batch = [&](Batch&) { ++batches; };
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/write", "t", auth)).status, 201);
  EXPECT_EQ(client.ask(post("/write", "t", auth)).status, 201);
  const Response refused = client.ask(post("/write", "t", auth));
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.body.find("2 scores per second"), std::string::npos);
  EXPECT_EQ(client.ask(post("/echo", "t", auth)).status, 200) << "what writes no scores is not bound by them";
  EXPECT_EQ(batches.load(), 2);
  test.advance(1);
  EXPECT_EQ(client.ask(post("/write", "t", auth)).status, 201) << "the connection was kept";
  EXPECT_NE(test.server->metrics_text().find("sluice_backpressure_total{stage=\"rate_limit\"} 1"), std::string::npos);
}

TEST_F(OverloadTest, AWorkspaceOverItsShareDoesNotHoldUpAnother) {
  const std::string other = test.add_key("slquiet", {.workspace = "quiet"});
  const WorkspaceNumber quiet = test.catalogue.snapshot()->workspace_by_name("quiet")->number;
  test.backend.on_admission = [quiet](const Batch& batch) {
    return batch.principal.workspace == quiet ? IngestEngine::Admission::accepted
                                              : IngestEngine::Admission::over_share;
  };
  std::vector<std::unique_ptr<Client>> flood;
  for (int i = 0; i < 20; ++i) {
    flood.push_back(std::make_unique<Client>(test.server->port()));
    flood.back()->send(post("/write", "t"));
  }
  test.backend.wait_for_refusals(20);
  for (int i = 0; i < 10; ++i) {
    Client client = test.connect();  // The clock stands still, so the flood waits all the while.
    EXPECT_EQ(client.ask(post("/write", "t", other)).status, 201) << i;
  }
  test.advance(1);
  for (const auto& client : flood) {
    const Response refused = client->read();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.field("Retry-After"), "1");
  }
}

TEST_F(OverloadTest, ACrowdedWorkspaceIsRefusedBeforeItsBodyIsRead) {
  const std::string other = test.add_key("slquiet", {.workspace = "quiet"});
  test.backend.crowded_workspace = test.catalogue.snapshot()->workspace_by_name("default")->number;
  Client client = test.connect();
  client.send("POST /write HTTP/1.1\r\n" + std::string(kAuth) + "Content-Length: 5000\r\n\r\n");
  const Response refused = client.read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  client.send(std::string(5000, 'x'));
  EXPECT_EQ(client.ask(post("/write", "t")).status, 429);
  EXPECT_EQ(client.ask(get("/items/a")).status, 200) << "it may read, on the same connection";
  EXPECT_EQ(client.ask(post("/write", "t", other)).status, 201) << "and another workspace may write";
  test.backend.crowded_workspace = 0;
  EXPECT_EQ(client.ask(post("/write", "t")).status, 201);
}

TEST_F(OverloadTest, AThreadThatFallsBehindRefusesOnlyWhoHasItsShareOfIt) {
  TestServer busy([](TestServer::Setup& setup) {
    setup.options.io_threads = 1;
    // Out of the way of a clock that runs.
    setup.tuning.idle_ns = setup.tuning.head_ns = setup.tuning.write_ns = 1'000'000'000'000'000;
  });
  const std::string other = busy.add_key("slquiet", {.workspace = "quiet"});
  busy.backend.hold = true;
  Client held = busy.connect();
  held.send(post("/write", "t"));
  busy.backend.wait_for_held(1);
  busy.backend.hold = false;

  // The clock runs so fast that every turn of the thread seems to come a second late.
  Client flood = busy.connect();
  Client quiet = busy.connect();
  Response refused;
  for (int i = 0; i < 2000 && refused.status != 429; ++i) {
    busy.advance(1);
    refused = flood.ask(post("/write", "t"));
    ASSERT_EQ(quiet.ask(post("/write", "t", other)).status, 201) << i;
  }
  ASSERT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(busy.server->metrics_text().find("stage=\"io_thread\"} 0"), std::string::npos);
  EXPECT_EQ(flood.ask(get("/items/a")).status, 200) << "reads are not scores";
  int status = 0;
  for (int i = 0; i < 2000 && status != 201; ++i) {
    status = flood.ask(post("/write", "t")).status;
  }
  EXPECT_EQ(status, 201) << "the clock goes as it should, so the thread is in time again";
}

TEST_F(OverloadTest, AFullEngineKeepsTheOrderOfThoseThatWait) {
  std::vector<std::string> order;
  std::atomic<bool> full{true};
  test.backend.on_admission = [&](const Batch&) {
    return full.load() ? IngestEngine::Admission::full : IngestEngine::Admission::accepted;
  };
  test.backend.on_batch = [&](Batch& batch) { order.emplace_back(batch.records[0].source.id); };
  // One connection per io thread would not queue; these are all of one thread.
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(test.server->port()));
    if (i % 2 != 0) continue;  // Dealt to the other of the two io threads.
    clients.back()->send(post("/write", "t" + std::to_string(i)));
    test.backend.wait_for_refusals(static_cast<std::size_t>(i / 2 + 1));
    const std::string waits = "admission_wait\"} " + std::to_string(i / 2 + 1);
    while (test.server->metrics_text().find(waits) == std::string::npos) std::this_thread::yield();
  }
  full = false;
  for (int i = 0; i < 6; i += 2) EXPECT_EQ(clients[static_cast<std::size_t>(i)]->read().status, 201);
  EXPECT_EQ(order, (std::vector<std::string>{"t0", "t2", "t4"}));
}

/// One io thread, whose clock jumps so that it looks busy, and as many long bodies under way as it always takes.
class BusyThreadTest : public testing::Test {
 protected:
  BusyThreadTest() {
    test.backend.hold = true;
    for (std::size_t i = 0; i < BodyGate::kLeast; ++i) send(kLong);
    test.backend.wait_for_held(BodyGate::kLeast);
  }
  void send(std::size_t length) {
    clients.push_back(std::make_unique<Client>(test.server->port()));
    clients.back()->send(post("/write", std::string(length, 't')));
  }
  [[nodiscard]] std::size_t metric(const std::string& name) const {
    const std::string text = test.server->metrics_text();
    return std::stoull(text.substr(text.find("\n" + name + " ") + name.size() + 2));
  }
  [[nodiscard]] std::size_t waiting() const { return metric("sluice_backpressure_total{stage=\"body_wait\"}"); }
  /// The last client's then waits for its turn.
  void send_until_one_waits() {
    while (waiting() == 0) {
      test.skew_ns.fetch_add(3 * IngestLoad::kBusyNs);
      send(kLong);
      const std::size_t under_way = clients.size() * kLong;
      while (waiting() == 0 && metric("sluice_body_bytes_in_flight") != under_way) std::this_thread::yield();
    }
  }

  static constexpr std::size_t kLong = BodyGate::kLongBytes + 1;
  TestServer test{[](TestServer::Setup& setup) {
    setup.options.io_threads = 1;
    // Out of the way of a clock that runs.
    setup.tuning.idle_ns = setup.tuning.head_ns = setup.tuning.write_ns = 1'000'000'000'000'000;
  }};
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(BusyThreadTest, ALongBodyWaitsForItsTurnAndIsServed) {
  send_until_one_waits();
  test.backend.hold = false;
  Client quick = test.connect();
  EXPECT_EQ(quick.ask(post("/write", "t")).status, 201) << "a short one does not wait";
  EXPECT_EQ(metric("sluice_body_bytes_in_flight"), (clients.size() - 1) * kLong);
  test.backend.release();
  for (const auto& client : clients) EXPECT_EQ(client->read().status, 201);
  clients.back()->send(post("/write", std::string(kLong, 't')) + get("/items/a"));
  EXPECT_EQ(clients.back()->read().status, 201);
  EXPECT_EQ(clients.back()->read().body, "a");
}

TEST_F(BusyThreadTest, ALongBodyThatWaitsTooLongIsRefused) {
  send_until_one_waits();
  test.skew_ns.fetch_add(BodyGate::kWaitNs + 1);
  const Response refused = clients.back()->read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  test.backend.hold = false;
  clients.back()->send(get("/items/a"));
  EXPECT_EQ(clients.back()->read().body, "a") << "its body was thrown away";
  test.backend.release();
  clients.pop_back();
  for (const auto& client : clients) EXPECT_EQ(client->read().status, 201);
}

TEST_F(BusyThreadTest, AClientThatLeavesWhileItWaitsHarmsNobody) {
  send_until_one_waits();
  clients.pop_back();
  test.backend.hold = false;
  test.backend.release();
  for (const auto& client : clients) EXPECT_EQ(client->read().status, 201);
  while (metric("sluice_body_bytes_in_flight") != 0) std::this_thread::yield();
}

}  // namespace
}  // namespace sluice
