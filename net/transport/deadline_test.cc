#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

std::uint64_t counter(const TestServer& test, const std::string& name) {
  const std::string text = test.server->metrics_text();
  const std::size_t at = text.find("\n" + name + " ");
  return std::stoull(text.substr(at + name.size() + 2));
}

/// Deadlines and the drain. The clock is moved by hand: what a server does at 9 s and at 11 s takes milliseconds to
/// see.

TEST(DeadlineTest, ASlowHeadIsAnswered408AtItsLimitAndNotBefore) {
  TestServer test;
  Client client = test.connect();
  client.send("GET /items/a HTTP/1.1\r\n");
  Client witness = test.connect();
  test.advance(9);
  // Two ticks later at the latest the deadline would have been noticed; the witness's answers show that time passed
  // there.
  for (int i = 0; i < 200; ++i) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);
  client.send(std::string(kAuth) + "\r\n");
  EXPECT_EQ(client.read().status, 200);

  const std::uint64_t before = counter(test, "sluice_http_received_bytes_total");
  client.send("GET /items/a HTTP/1.1\r\n");
  while (counter(test, "sluice_http_received_bytes_total") == before) std::this_thread::yield();
  // Trickling does not help: the deadline is absolute.
  for (int i = 0; i < 4; ++i) {
    test.advance(3);
    client.send("X: y\r\n");
  }
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.closed());
}

TEST(DeadlineTest, AnIdleConnectionIsClosedSilently) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/items/a")).status, 200);
  test.advance(61);
  EXPECT_EQ(client.read().status, 0);
}

TEST(DeadlineTest, ATricklingBodyIsCutOff) {
  TestServer test;
  Client client = test.connect();
  client.send("POST /echo HTTP/1.1\r\n" + std::string(kAuth) +
              "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(client.read().status, 100);
  client.send("some bytes, but fewer than 1 KiB for each second");
  test.advance(7);
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.closed());
}

TEST(DeadlineTest, ABodyThatIsFastEnoughIsCutOffAtItsLimitAndNotBefore) {
  TestServer test([](TestServer::Setup& setup) { setup.options.io_threads = 1; });
  const std::string body(2 * limits::kBodyBytesPerSecond * limits::kBodySeconds, 'x');
  Client idle = test.connect();
  Client client = test.connect();
  const auto send_all_but_the_end = [&] {
    const std::string head = "POST /echo HTTP/1.1\r\n" + std::string(kAuth) +
                             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    const std::string most = head + body.substr(1);
    const std::uint64_t before = counter(test, "sluice_http_received_bytes_total");
    client.send(most);
    while (counter(test, "sluice_http_received_bytes_total") < before + most.size()) std::this_thread::yield();
  };
  send_all_but_the_end();
  test.advance(limits::kBodySeconds - 2);
  EXPECT_TRUE(idle.closed()) << "the deadlines were looked at";
  client.send("x");
  EXPECT_EQ(client.read().status, 200);

  send_all_but_the_end();
  test.advance(limits::kBodySeconds + 1);
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.closed());
}

TEST(DeadlineTest, TimeInWhichTheServerWasBehindIsNoClientsDelay) {
  TestServer test([](TestServer::Setup& setup) {
    setup.options.io_threads = 1;
    setup.tuning.tick_ns = 10'000'000;
    setup.tuning.head_ns = 1'000'000'000;
  });
  std::promise<void> held;
  test.backend.on_admission = [&](const Batch&) {
    held.set_value();
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return IngestEngine::Admission::accepted;
  };
  Client client = test.connect();
  const std::uint64_t before = counter(test, "sluice_http_received_bytes_total");
  client.send("GET /items/a HTTP/1.1\r\n");
  while (counter(test, "sluice_http_received_bytes_total") == before) std::this_thread::yield();
  Client holder = test.connect();
  holder.send(post("/write", "t"));
  held.get_future().wait();
  EXPECT_EQ(holder.read().status, 201);
  Client witness = test.connect();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);  // A tick has come by.
  client.send(std::string(kAuth) + "\r\n");
  EXPECT_EQ(client.read().status, 200);
}

TEST(DeadlineTest, ABodyThatWaitsInTheKernelIsNotItsClientsFault) {
  TestServer test([](TestServer::Setup& setup) { setup.options.io_threads = 1; });
  std::promise<void> held, go;
  test.backend.on_admission = [&](const Batch&) {
    held.set_value();
    go.get_future().wait();
    return IngestEngine::Admission::accepted;
  };
  // More than a reactor hands over between two looks at its timers.
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<Client>(test.server->port()));
    clients.back()->send("POST /echo HTTP/1.1\r\n" + std::string(kAuth) +
                         "Content-Length: 20000\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_EQ(clients.back()->read().status, 100);
  }
  Client holder = test.connect();
  holder.send(post("/write", "t"));
  held.get_future().wait();
  for (const auto& client : clients) client->send(std::string(20000, 'x'));
  test.advance(7);
  go.set_value();
  for (const auto& client : clients) ASSERT_EQ(client->read().status, 200);
}

TEST(DeadlineTest, AReaderThatTakesNothingIsCutOff) {
  TestServer test;
  Client client = test.connect();
  client.send(get("/big"));
  while (counter(test, "sluice_http_sent_bytes_total") == 0) std::this_thread::yield();
  test.advance(31);
  while (counter(test, "sluice_connections") != 0) std::this_thread::yield();
  EXPECT_EQ(counter(test, "sluice_http_deadlines_missed_total"), 1u);
  EXPECT_EQ(client.read().status, 0) << "the answer was cut off, so it never completed";
}

TEST(DeadlineTest, ALentBatchHasNoDeadline) {
  TestServer test([](TestServer::Setup& setup) { setup.options.io_threads = 1; });
  test.backend.hold = true;
  Client client = test.connect();
  client.send(post("/write", "t"));
  test.backend.wait_for_held(1);
  Client idle = test.connect();
  ASSERT_EQ(idle.ask(get("/items/a")).status, 200);
  test.advance(3600);
  EXPECT_TRUE(idle.closed()) << "the deadlines were looked at";
  test.backend.release();
  EXPECT_EQ(client.read().status, 201);
}

TEST(DrainTest, WhatWasReceivedIsFinishedAndIdleConnectionsGo) {
  TestServer test;
  test.backend.hold = true;
  Client idle = test.connect();
  ASSERT_EQ(idle.ask(get("/items/a")).status, 200);
  Client busy = test.connect();
  busy.send(post("/write", "t"));
  test.backend.wait_for_held(1);
  auto drained = std::async(std::launch::async, [&] { test.server->drain(); });
  EXPECT_TRUE(idle.closed());
  test.backend.release();
  const Response last = busy.read();
  EXPECT_EQ(last.status, 201);
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_TRUE(busy.closed());
  drained.get();
  test.server->stop();
}

TEST(DrainTest, RequestsThatCameBehindAnotherAreAnsweredToo) {
  TestServer test;
  test.backend.hold = true;
  Client idle = test.connect();
  ASSERT_EQ(idle.ask(get("/items/a")).status, 200);
  Client busy = test.connect();
  busy.send(post("/write", "t") + get("/items/b") + get("/items/c"));
  test.backend.wait_for_held(1);
  auto drained = std::async(std::launch::async, [&] { test.server->drain(); });
  EXPECT_TRUE(idle.closed());
  test.backend.release();
  EXPECT_EQ(busy.read().status, 201);
  EXPECT_EQ(busy.read().body, "b");
  const Response last = busy.read();
  EXPECT_EQ(last.body, "c");
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_TRUE(busy.closed());
  drained.get();
  test.server->stop();
}

TEST(DrainTest, AConnectionThatFallsIdleDuringItDoesNotHoldItUp) {
  TestServer test([](TestServer::Setup& setup) { setup.options.io_threads = 1; });
  Client idle = test.connect();
  ASSERT_EQ(idle.ask(get("/items/a")).status, 200);
  Client slow = test.connect();
  slow.send(get("/big"));
  while (counter(test, "sluice_http_sent_bytes_total") < 1'000'000) std::this_thread::yield();
  auto drained = std::async(std::launch::async, [&] { test.server->drain(); });
  EXPECT_TRUE(idle.closed());
  // Its head was written before the drain and does not say that the connection ends.
  const Response last = slow.read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body.size(), 64u << 20);
  EXPECT_EQ(last.field("Connection"), "");
  EXPECT_TRUE(slow.closed());
  test.advance(3);  // What the client might still send is waited for no longer.
  drained.get();
}

TEST(DrainTest, WithNoConnectionItReturnsAtOnce) {
  TestServer test;
  test.server->drain();
  test.server->stop();
}

}  // namespace
}  // namespace sluice
