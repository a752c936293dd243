#include <gtest/gtest.h>

#include <future>

#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

/// Deadlines and the drain. The clock is moved by hand: what a server does at 9 s and at 11 s takes milliseconds to see.

TEST(DeadlineTest, ASlowHeadIsAnswered408AtItsLimitAndNotBefore) {
  TestServer test;
  Client client = test.connect();
  client.send("GET /items/a HTTP/1.1\r\n");
  Client witness = test.connect();
  test.advance(9);
  // Two ticks later at the latest the deadline would have been noticed; the witness's answers show that time passed there.
  for (int i = 0; i < 200; ++i) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);
  client.send(std::string(kAuth) + "\r\n");
  EXPECT_EQ(client.read().status, 200);

  client.send("GET /items/a HTTP/1.1\r\n");
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
  client.send("POST /echo HTTP/1.1\r\n" + std::string(kAuth) + "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(client.read().status, 100);
  client.send("some bytes, but fewer than 1 KiB for each second");
  test.advance(7);
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.closed());
}

TEST(DeadlineTest, AReaderThatTakesNothingIsCutOff) {
  TestServer test;
  Client client = test.connect();
  client.set_receive_buffer(4096);
  client.send(get("/big"));
  // The server is known to be writing once some of it is here.
  Client witness = test.connect();
  const auto bytes_sent = [&] {
    const std::string text = test.server->metrics_text();
    const std::size_t at = text.find("\nsluice_http_sent_bytes_total ");
    return std::stoull(text.substr(at + 30));
  };
  while (bytes_sent() < 100'000) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);
  test.advance(31);
  const auto connections = [&] { return test.server->metrics_text().find("\nsluice_connections 1\n") != std::string::npos; };
  for (;;) {
    if (connections()) break;
    const Response response = witness.ask(get("/items/w"));
    if (response.status != 200) break;
  }
  EXPECT_EQ(client.read().status, 0) << "the answer was cut off, so it never completed";
}

TEST(DeadlineTest, ALentBatchHasNoDeadline) {
  TestServer test;
  test.backend.hold = true;
  Client client = test.connect();
  client.send(post("/write", "t"));
  test.backend.wait_for_held(1);
  test.advance(3600);
  Client witness = test.connect();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);
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

TEST(DrainTest, WithNoConnectionItReturnsAtOnce) {
  TestServer test;
  test.server->drain();
  test.server->stop();
}

}  // namespace
}  // namespace sluice
