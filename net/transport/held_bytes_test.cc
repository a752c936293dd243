#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "net/dialects/registry.h"
#include "net/transport/active_request.h"
#include "net/transport/server_for_test.h"

/// What bodies that come slowly, and answers that are taken slowly, may hold in memory.

namespace sluice {
namespace {

constexpr std::string_view kBodies = "sluice_body_bytes_in_flight";
constexpr std::string_view kReplies = "sluice_reply_bytes_in_flight";

class HeldBytesTest : public testing::Test {
 protected:
  [[nodiscard]] std::size_t held(std::string_view gauge) const {
    const std::string text = test.server->metrics_text();
    const std::string name = "\n" + std::string(gauge) + " ";
    return std::stoull(text.substr(text.find(name) + name.size()));
  }
  void wait_until_held(std::string_view gauge, std::size_t bytes) const {
    while (held(gauge) != bytes) std::this_thread::yield();
  }
  static std::string head(std::size_t length, std::string_view auth = kAuth) {
    return "POST /echo HTTP/1.1\r\n" + std::string(auth) + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
  }

  /// Bodies that lack their last byte.
  static constexpr std::size_t kStalled = 250'000;
  [[nodiscard]] std::vector<std::unique_ptr<Client>> stalled_bodies(std::size_t count) const {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(test.server->port()));
      clients.back()->send(head(kStalled) + std::string(kStalled - 1, 'x'));
    }
    wait_until_held(kBodies, count * kStalled);
    return clients;
  }

  TestServer test{[](TestServer::Setup& setup) {
    setup.options.body_bytes_in_flight_max = 4'000'000;
    setup.options.reply_bytes_in_flight_max = 100u << 20;
  }};
  const std::string other = test.add_key("slother", {.workspace = "other"});
};

TEST_F(HeldBytesTest, LengthsThatAreOnlyAnnouncedTakeNoRoom) {
  std::vector<std::unique_ptr<Client>> trickling;
  for (int i = 0; i < 6; ++i) {
    trickling.push_back(std::make_unique<Client>(test.server->port()));
    trickling.back()->send(head(16u << 20) + "x");
  }
  wait_until_held(kBodies, 6 * 256 * 1024);
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/echo", std::string(200'000, 'x'))).status, 200);
  wait_until_held(kBodies, 6 * 256 * 1024);
  trickling.clear();
  wait_until_held(kBodies, 0);
}

TEST_F(HeldBytesTest, AWorkspaceThatStallsInItsBodiesLeavesRoomForOthers) {
  std::vector<std::unique_ptr<Client>> stalled = stalled_bodies(8);
  Client client = test.connect();
  client.send(head(100'000));
  const Response refused = client.read();
  EXPECT_EQ(refused.status, 429) << "half of the limit";
  EXPECT_EQ(refused.field("Retry-After"), "1");
  client.send(std::string(100'000, 'x'));
  const std::string body(900'000, 'y');
  EXPECT_EQ(client.ask(post("/echo", body, other)).status, 200) << "another workspace, on the same connection";
  stalled.front()->send("x");
  EXPECT_EQ(stalled.front()->read().status, 200);
  EXPECT_EQ(client.ask(post("/echo", std::string(100'000, 'x'))).status, 200) << "there is room again";
}

TEST_F(HeldBytesTest, ABodyRefusedHalfwayGivesItsRoomBack) {
  const std::vector<std::unique_ptr<Client>> stalled = stalled_bodies(6);
  Client client = test.connect();
  client.send(head(600'000) + std::string(300'000, 'x'));
  const Response refused = client.read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(refused.field("Connection"), "");
  wait_until_held(kBodies, 6 * kStalled);
  client.send(std::string(300'000, 'x') + get("/items/a"));
  EXPECT_EQ(client.read().body, "a") << "the rest was thrown away";

  Client lengthy = test.connect();
  lengthy.send(head(3'000'000) + std::string(300'000, 'x'));
  const Response last = lengthy.read();
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.field("Connection"), "close") << "more than 1 MiB is left";
  EXPECT_TRUE(lengthy.closed());
  wait_until_held(kBodies, 6 * kStalled);
  EXPECT_NE(test.server->metrics_text().find("stage=\"body_bytes\"} 2\n"), std::string::npos);
}

TEST_F(HeldBytesTest, ABodyThatGrewIsTheBodyThatWasSent) {
  TestServer roomy;
  Client client = roomy.connect();
  std::string body;
  while (body.size() < 5'000'000) body += std::to_string(body.size() * 7919);
  EXPECT_TRUE(client.ask(post("/echo", body)).body == body);
  client.send(post("/echo", body) + get("/items/a"));
  EXPECT_TRUE(client.read().body == body);
  EXPECT_EQ(client.read().body, "a");
}

TEST_F(HeldBytesTest, AChunkedBodyMayHoldItsLimitAndNoMore) {
  TestServer small([](TestServer::Setup& setup) {
    setup.options.body_bytes_max = 300'000;
    setup.options.body_bytes_in_flight_max = 600'000;
  });
  Client client = small.connect();
  std::string request = "POST /echo HTTP/1.1\r\n" + std::string(kAuth) + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 300; ++i) request += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(client.ask(request + "0\r\n\r\n").body.size(), 300'000u) << "twice its length would be refused for ever";
}

TEST_F(HeldBytesTest, ASlowReaderHoldsItsAnswerAndNotItsBody) {
  TestServer roomy;
  const auto has = [&roomy](const std::string& line) {
    return roomy.server->metrics_text().find("\n" + line + "\n") != std::string::npos;
  };
  Client slow = roomy.connect();
  const std::string body(15'000'000, 'x');
  slow.send(post("/echo", body));
  while (has("sluice_reply_bytes_in_flight 0") || !has("sluice_body_bytes_in_flight 0")) std::this_thread::yield();
  EXPECT_FALSE(has("sluice_reply_bytes_in_flight 0")) << "more than sockets buffer is still to be sent";
  EXPECT_TRUE(slow.read().body == body);
  while (!has("sluice_reply_bytes_in_flight 0")) std::this_thread::yield();
}

TEST_F(HeldBytesTest, ScoresThatWaitForTheEngineTakeRoomLikeBodies) {
  const std::vector<std::unique_ptr<Client>> stalled = stalled_bodies(8);
  test.backend.admission = IngestEngine::Admission::full;
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/write", "t")).status, 429);
  const std::string text = test.server->metrics_text();
  EXPECT_NE(text.find("stage=\"admission_wait\"} 0\n"), std::string::npos) << "refused at once";
  EXPECT_NE(text.find("stage=\"body_bytes\"} 1\n"), std::string::npos);
  test.backend.admission = IngestEngine::Admission::accepted;
  EXPECT_EQ(client.ask(post("/write", "t")).status, 201) << "what need not wait takes none";
}

TEST_F(HeldBytesTest, AReadWithoutRoomForItsAnswerIsRefused) {
  Client slow = test.connect();
  slow.send(get("/big"));
  wait_until_held(kReplies, 64u << 20);
  Client client = test.connect();
  const Response refused = client.ask(get("/big"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(client.ask(get("/items/a")).body, "a") << "a short answer needs no room";
  EXPECT_EQ(slow.read().body.size(), 64u << 20);
  wait_until_held(kReplies, 0);
  EXPECT_EQ(client.ask(get("/big")).status, 200);
}

TEST_F(HeldBytesTest, AWriteWithoutRoomForItsAnswerIsDoneAndToldInShort) {
  std::atomic<int> batches{0};
  test.backend.on_batch = [&](Batch&) { ++batches; };
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/many", "t")).body.size(), 1u << 20);
  Client slow = test.connect();
  slow.send(get("/big"));
  wait_until_held(kReplies, 64u << 20);
  const Response told = client.ask(post("/many", "t"));
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.body, "short");
  EXPECT_EQ(batches.load(), 2);
}

TEST_F(HeldBytesTest, WhatAPooledRequestKeepsIsCounted) {
  ServerShared shared({}, {}, test.keys, test.key_maker, test.catalogue, {}, dialects());
  ActiveRequest request(shared);
  BufferPool buffers(0);
  const std::size_t little = request.kept_bytes();
  struct Case {
    const char* name;
    std::function<void()> fill;
    std::size_t bytes;
  };
  constexpr std::size_t kMany = 100'000;
  const Case cases[] = {
      {"records", [&] { request.exchange.batch.records.resize(1000); }, 1000 * sizeof(ScoreRecord)},
      {"item errors", [&] { request.exchange.item_errors.resize(kMany); }, kMany * sizeof(ItemError)},
      {"a page", [&] { request.exchange.read.page.scores.resize(1000); }, 1000 * sizeof(Score)},
      {"checked sources", [&] { request.source_check.exists.resize(kMany); }, kMany / 8},
      {"checked records", [&] { request.checked_records.resize(kMany); }, kMany * sizeof(std::uint32_t)},
      {"a query", [&] { request.exchange.query_storage.resize(kMany); }, kMany / 2},
  };
  for (const Case& c : cases) {
    const std::size_t before = request.kept_bytes();
    c.fill();
    request.source_check.query.sources.resize(kMany);
    request.checked_records.push_back(0);
    request.reset(buffers);
    EXPECT_GE(request.kept_bytes(), before + c.bytes) << c.name;
    EXPECT_EQ(request.source_check.query.sources.capacity(), 0u) << "is not kept, and so not counted";
  }
  request.free_all_but_answer(buffers);
  EXPECT_LE(request.kept_bytes(), little + 2 * kMany) << "only what the query was remains";
}

}  // namespace
}  // namespace sluice
