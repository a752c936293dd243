#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "net/transport/server_for_test.h"

/// What becomes of the body of a request that was refused from its head, and of the connection it came on.

namespace sluice {
namespace {

constexpr std::size_t kSkippedMost = 1u << 20;

/// No key, so: 401.
std::string head(std::size_t length, std::string_view more = {}) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "Content-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

std::uint64_t value(const TestServer& test, std::string_view metric) {
  const std::string text = test.server->metrics_text();
  const std::string name = "\n" + std::string(metric) + " ";
  return std::stoull(text.substr(text.find(name) + name.size()));
}

std::uint64_t received(const TestServer& test) { return value(test, "sluice_http_received_bytes_total"); }

TEST(RefusedBodyTest, IsThrownAwayToItsLastByteAndNoFurther) {
  TestServer test;
  const std::string inner = get("/items/smuggled");
  const std::size_t sizes[] = {inner.size(), 5000, 32 * 1024, 100'000, kSkippedMost};
  for (const std::size_t size : sizes) {
    // Whatever the body says, none of it is a request; and what comes behind it is one, however the bytes are split.
    std::string body;
    while (body.size() + inner.size() <= size) body += inner;
    body.append(size - body.size(), 'x');
    for (const std::size_t first : {std::size_t{0}, std::size_t{1}, inner.size(), size - 1, size}) {
      Client client = test.connect();
      client.send(head(size) + body.substr(0, first));
      const Response refused = client.read();
      ASSERT_EQ(refused.status, 401) << size;
      EXPECT_EQ(refused.field("Connection"), "") << size;
      client.send(body.substr(first) + get("/items/a") + head(3) + "xyz" + get("/items/b"));
      EXPECT_EQ(client.read().body, "a") << size << ", split at " << first;
      EXPECT_EQ(client.read().status, 401) << size << ", split at " << first;
      EXPECT_EQ(client.read().body, "b") << size << ", split at " << first;
    }
  }
}

TEST(RefusedBodyTest, MayComeByteByByte) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(head(40)).status, 401);
  const std::string rest = std::string(40, '\n') + get("/items/a");
  for (const char byte : rest) client.send({&byte, 1});
  EXPECT_EQ(client.read().body, "a");
}

TEST(RefusedBodyTest, CostsTheConnectionWhenItIsLongOrItsEndIsUnknown) {
  TestServer test;
  const auto closes = [&test](const std::string& request, int status) {
    Client client = test.connect();
    client.send(request);
    const Response refused = client.read();
    EXPECT_EQ(refused.status, status) << request;
    EXPECT_EQ(refused.field("Connection"), "close") << request;
    EXPECT_TRUE(client.closed()) << request;
  };
  closes(head(kSkippedMost + 1), 401);
  closes(head(5000, "Connection: close\r\n"), 401);
  closes(head(5000, "Expect: 100-continue\r\n"), 401);
  closes("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 401);
  closes("POST /echo HTTP/1.0\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", 401);
}

TEST(RefusedBodyTest, IsReadFor64MiBBehindTheLastAnswerAndNotForEver) {
  TestServer test([](TestServer::Setup& setup) { setup.tuning.linger_ns = 1'000'000'000'000; });
  constexpr std::size_t kLingered = 64u << 20;
  Client client = test.connect();
  EXPECT_EQ(client.ask(head(kLingered + 1)).status, 401);
  EXPECT_TRUE(client.closed()) << "the server has said all";
  const std::uint64_t before = received(test);
  const std::string part(1u << 20, 'x');
  for (std::size_t sent = 0; sent < kLingered; sent += part.size()) client.send(part);
  while (received(test) < before + kLingered) std::this_thread::yield();
  EXPECT_EQ(value(test, "sluice_connections"), 1u);
  client.send("x");
  while (value(test, "sluice_connections") != 0) std::this_thread::yield();
}

TEST(RefusedBodyTest, HasTheDeadlinesOfABody) {
  TestServer test;
  Client slow = test.connect();
  EXPECT_EQ(slow.ask(head(100'000)).status, 401);
  slow.send("some bytes, but fewer than 1 KiB for each second");
  test.advance(4);
  Client witness = test.connect();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(witness.ask(get("/items/w")).status, 200);
  const std::uint64_t before = received(test);
  slow.send("x");
  while (received(test) == before) std::this_thread::yield();
  test.advance(3);
  EXPECT_TRUE(slow.closed()) << "without a second answer";
  EXPECT_NE(test.server->metrics_text().find("\nsluice_http_deadlines_missed_total 1\n"), std::string::npos);
}

TEST(RefusedBodyTest, DoesNotHoldUpAStop) {
  TestServer test;
  Client idle = test.connect();
  ASSERT_EQ(idle.ask(get("/items/a")).status, 200);
  Client whole = test.connect();
  EXPECT_EQ(whole.ask(head(100'000)).status, 401);
  Client never = test.connect();
  EXPECT_EQ(never.ask(head(100'000)).status, 401);
  auto drained = std::async(std::launch::async, [&] { test.server->drain(); });
  EXPECT_TRUE(idle.closed()) << "the drain has begun";
  whole.send(std::string(100'000, 'x'));
  EXPECT_TRUE(whole.closed()) << "nothing came behind the body";
  test.advance(6);
  EXPECT_TRUE(never.closed());
  drained.get();
}

}  // namespace
}  // namespace sluice
