#include <set>
#include <string>

#include <gtest/gtest.h>

#include "net/transport/compress_for_test.h"
#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

constexpr std::string_view kManager = "Host: a\r\nAuthorization: Bearer slmanager.secret\r\n";

TEST(ServerTest, ServesARequestAndKeepsTheConnection) {
  TestServer test;
  Client client = test.connect();
  for (int i = 0; i < 3; ++i) {
    const Response response = client.ask(post("/echo", "hello"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.field("Connection"), "");
    EXPECT_EQ(response.field("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.field("Cache-Control"), "no-store");
    EXPECT_EQ(response.field("X-Request-Id").size(), 16u);
  }
}

TEST(ServerTest, EchoesAClientsRequestIdOnlyWhenItIsHarmless) {
  TestServer test;
  Client client = test.connect();
  const auto id_for = [&](const std::string& sent) {
    return client.ask(get("/items/x", std::string(kAuth) + "X-Request-Id: " + sent + "\r\n")).field("X-Request-Id");
  };
  EXPECT_EQ(id_for("abc_DEF-123"), "abc_DEF-123");
  EXPECT_EQ(id_for(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_NE(id_for(std::string(65, 'a')), std::string(65, 'a'));
  EXPECT_NE(id_for("a b"), "a b");
  EXPECT_NE(id_for("x"), id_for(""));
}

TEST(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestServer test;
  Client client = test.connect();
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += i % 3 == 0 ? get("/items/" + std::to_string(i)) : post("/write", std::to_string(i));
  client.send(all);
  for (int i = 0; i < 500; ++i) {
    const Response response = client.read();
    ASSERT_EQ(response.status, i % 3 == 0 ? 200 : 201) << i;
    if (i % 3 == 0) {
      ASSERT_EQ(response.body, std::to_string(i));
    }
  }
}

TEST(ServerTest, AnswersAreTheSameHoweverTheBytesArrive) {
  TestServer test;
  const std::string request = post("/echo", "hello") + "POST /echo HTTP/1.1\r\n" + std::string(kAuth) +
                              "Transfer-Encoding: chunked\r\n\r\n5;x\r\nworld\r\n1\r\n!\r\n0\r\n\r\n" + "\r\n" +
                              get("/items/7");
  Client client = test.connect();
  for (const char byte : request) client.send({&byte, 1});
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "world!");
  EXPECT_EQ(client.read().body, "7");
}

TEST(ServerTest, BodiesOfEverySizeArriveWhole) {
  TestServer test;
  Client client = test.connect();
  for (const std::size_t size : {0u, 1u, 32'000u, 32'767u, 32'768u, 40'000u, 300'000u, 5'000'000u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i * 7919 % 26);
    EXPECT_TRUE(client.ask(post("/echo", body)).body == body) << size;
    std::string chunked = "POST /echo HTTP/1.1\r\n" + std::string(kAuth) + "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size; at += 70'001) {
      const std::string_view piece = std::string_view(body).substr(at, 70'001);
      char line[20];
      std::snprintf(line, sizeof line, "%zx\r\n", piece.size());
      chunked.append(line).append(piece).append("\r\n");
    }
    // The next request right behind it must not be lost.
    client.send(chunked + "0\r\n\r\n" + get("/items/next"));
    EXPECT_TRUE(client.read().body == body) << size << " chunked";
    EXPECT_EQ(client.read().body, "next");
  }
}

TEST(ServerTest, RefusalsOfTheGateCloseAndServeNothingMore) {
  TestServer test;
  const std::string smuggled = get("/items/smuggled");
  struct Case {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::string auth(kAuth);
  const Case kCases[] = {
      {"CL and TE",
       "POST /echo HTTP/1.1\r\n" + auth + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"TE gzip", "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"TE chunked, identity", "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked, identity\r\n\r\n", 400},
      {"two CL", "POST /echo HTTP/1.1\r\n" + auth + "Content-Length: 0\r\nContent-Length: 30\r\n\r\n", 400},
      {"bare LF", "GET /items/a HTTP/1.1\n" + auth + "\r\n", 400},
      {"no Host", "GET /items/a HTTP/1.1\r\n\r\n", 400},
      {"HTTP/2", "GET /items/a HTTP/2.0\r\n\r\n", 505},
      {"Expect", "POST /echo HTTP/1.1\r\n" + auth + "Expect: x\r\nContent-Length: 0\r\n\r\n", 417},
      {"long line", "GET /" + std::string(9000, 'x'), 414},
      {"long field", "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'), 431},
      {"bad chunk", "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"trailer", "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n",
       400},
      {"long chunk extension",
       "POST /echo HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(300, 'x') + "\r\n", 400},
  };
  for (const Case& c : kCases) {
    Client client = test.connect();
    client.send(c.bytes + smuggled);
    const Response response = client.read();
    EXPECT_EQ(response.status, c.status) << c.name;
    EXPECT_EQ(response.field("Connection"), "close") << c.name;
    EXPECT_TRUE(client.closed()) << c.name;
  }
}

TEST(ServerTest, RoutesWithAndWithoutSlashAndNamesWhatIsAllowed) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/items/a")).body, "a");
  EXPECT_EQ(client.ask(get("/items/a/")).body, "a");
  EXPECT_EQ(client.ask(get("/items/a//")).status, 404);
  EXPECT_EQ(client.ask(get("/items")).status, 404);
  EXPECT_EQ(client.ask(get("/nothing")).body, "fake 404 not_found There is nothing at this address.");
  EXPECT_EQ(client.ask(get("/keys")).status, 404) << "an admin route shows nothing of itself";
  const Response not_allowed = client.ask(post("/items/a", "body"));
  EXPECT_EQ(not_allowed.status, 405);
  EXPECT_EQ(not_allowed.field("Allow"), "GET, HEAD");
  EXPECT_EQ(client.ask(get("/items/b")).body, "b") << "the refused body was all there, so the connection goes on";
}

TEST(ServerTest, HeadIsGetWithoutItsBody) {
  TestServer test;
  Client client = test.connect();
  client.send("HEAD /items/abc HTTP/1.1\r\n" + std::string(kAuth) + "\r\n" + get("/items/d"));
  const Response head = client.read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "3");
  EXPECT_EQ(client.read().body, "d");
}

TEST(ServerTest, RefusesBeforeTheBodyIsSent) {
  TestServer test([](TestServer::Setup& setup) { setup.options.body_bytes_max = 1000; });
  const auto head = [](std::string_view path, std::string_view fields, std::size_t length) {
    return "POST " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  {
    Client client = test.connect();
    EXPECT_EQ(client.ask(head("/echo", kAuth, 1001)).status, 413);
  }
  {
    Client client = test.connect();
    EXPECT_EQ(client.ask(head("/echo", "Host: a\r\n", 500)).status, 401);
  }
  {
    Client client = test.connect();
    EXPECT_EQ(client.ask(head("/echo", std::string(kAuth) + "Content-Encoding: br\r\n", 500)).status, 415);
  }
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/echo", std::string(1000, 'x'))).status, 200);
  client.send("POST /echo HTTP/1.1\r\n" + std::string(kAuth) + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" +
              std::string(1001, 'x'));
  EXPECT_EQ(client.read().status, 413);
  EXPECT_TRUE(client.closed());
}

TEST(ServerTest, ContinuesOnlyWhenTheBodyIsWelcome) {
  TestServer test;
  const std::string head =
      "POST /echo HTTP/1.1\r\n" + std::string(kAuth) + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  Client client = test.connect();
  client.send(head);
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.ask("hello").body, "hello");
  EXPECT_EQ(client.ask(head + "hello").body, "hello") << "no interim answer when the body is there already";

  Client stranger = test.connect();
  stranger.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(stranger.read().status, 401);
}

TEST(ServerTest, DecodesCompressedBodies) {
  TestServer test([](TestServer::Setup& setup) { setup.options.decoded_body_bytes_max = 2'000'000; });
  Client client = test.connect();
  std::string body;
  for (int i = 0; i < 150'000; ++i) body += std::to_string(i * 7919);
  const auto ask = [&](const char* coding, const std::string& bytes) {
    return client.ask(post("/echo", bytes, std::string(kAuth) + "Content-Encoding: " + coding + "\r\n"));
  };
  EXPECT_TRUE(ask("gzip", gzip_for_test(body)).body == body);
  EXPECT_TRUE(ask("zstd", zstd_for_test(body)).body == body);
  EXPECT_EQ(ask("gzip", "nonsense").body.substr(0, 29), "fake 400 decompression_failed");
  EXPECT_EQ(ask("gzip", gzip_for_test(body) + "x").status, 400);
  EXPECT_EQ(ask("gzip", gzip_for_test(std::string(30u << 20, ' '))).status, 413);
  EXPECT_EQ(ask("zstd", zstd_for_test(std::string(30u << 20, ' '))).status, 413);
  EXPECT_EQ(ask("identity", "plain").body, "plain");
}

TEST(ServerTest, WritesReadsAndChangesComeBackToTheirEndpoint) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/write", "t1")).body, "ok ok");
  EXPECT_EQ(client.ask(get("/read")).body, "read ok");
  const Response created = client.ask(post("/change", "quality", kManager));
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, "quality");
  EXPECT_TRUE(test.catalogue.snapshot()->label_by_name(1, "quality").ok() ||
              test.catalogue.snapshot()->label_by_name(0, "quality").ok());
}

TEST(ServerTest, RefusedBatchesAreAnsweredInTheDialectsShape) {
  TestServer test;
  Client client = test.connect();
  struct Case {
    Errc status;
    int expected;
    int retry_after;
  };
  for (const Case c : {Case{Errc::overloaded, 429, 1}, Case{Errc::disk_full, 507, 30}, Case{Errc::stopping, 503, 5},
                       Case{Errc::outcome_unknown, 503, 5}}) {
    test.backend.on_batch = [c](Batch& batch) { batch.status = c.status; };
    std::set<int> waits;
    for (int time = 0; time < 100; ++time) {
      const Response response = client.ask(post("/write", "t"));
      EXPECT_EQ(response.status, c.expected);
      waits.insert(std::stoi(std::string(response.field("Retry-After"))));
    }
    EXPECT_GE(*waits.begin(), c.retry_after);
    EXPECT_LE(*waits.rbegin(), c.retry_after * 3 / 2);
    EXPECT_EQ(waits.size() > 1, c.retry_after > 1) << "clients refused together come back together";
  }
  test.backend.on_batch = [](Batch& batch) { batch.status = Errc::idempotency_mismatch; };
  EXPECT_EQ(client.ask(post("/write", "t")).body.substr(0, 20), "idempotency_mismatch") << "the endpoint's to answer";
  test.backend.on_batch = nullptr;
  test.backend.take_reads = false;
  EXPECT_EQ(client.ask(get("/read")).status, 429);
  test.backend.admission = IngestEngine::Admission::disk_full;
  EXPECT_EQ(client.ask(post("/write", "t")).status, 507);
  test.backend.admission = IngestEngine::Admission::stopping;
  EXPECT_EQ(client.ask(post("/write", "t")).status, 503);
}

TEST(ServerTest, AStoredWriteThatCannotBeReadBackIsNotCalledUnstored) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/back", "t")).status, 200);
  test.backend.take_reads = false;
  const Response response = client.ask(post("/back", "t"));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("outcome_unknown"), std::string::npos) << response.body;
  test.backend.on_batch = [](Batch& batch) { batch.outcomes.front().code = Errc::item_malformed; };
  EXPECT_EQ(client.ask(post("/back", "t")).status, 429) << "nothing was stored";
}

TEST(ServerTest, AChangeThatIsRefusedForRoomIsNotMade) {
  using Admission = IngestEngine::Admission;
  TestServer test;
  Client client = test.connect();
  struct Case {
    Admission room;
    int expected;
    int retry_after;
  };
  for (const Case c : {Case{Admission::full, 429, 1}, Case{Admission::disk_full, 507, 30},
                       Case{Admission::stopping, 503, 5}}) {
    test.backend.barrier_room = c.room;
    const Response refused = client.ask(post("/change", "quality", kManager));
    EXPECT_EQ(refused.status, c.expected);
    const int wait = std::stoi(std::string(refused.field("Retry-After")));
    EXPECT_GE(wait, c.retry_after);
    EXPECT_LE(wait, c.retry_after * 3 / 2);
    EXPECT_FALSE(test.catalogue.snapshot()->label_by_name(1, "quality").ok()) << c.expected;
  }
  test.backend.barrier_room = Admission::accepted;
  EXPECT_EQ(client.ask(post("/change", "quality", kManager)).status, 201) << "the retry finds no name taken";
}

TEST(ServerTest, AChangeThatWasMadeIsNeverSaidNotToBeStored) {
  using Admission = IngestEngine::Admission;
  TestServer test;
  Client client = test.connect();
  const auto expect_unknown = [&](const std::string& name) {
    const Response response = client.ask(post("/change", name, kManager));
    EXPECT_EQ(response.status, 503) << name;
    EXPECT_NE(response.body.find("outcome_unknown"), std::string::npos) << name << ": " << response.body;
    EXPECT_TRUE(test.catalogue.snapshot()->label_by_name(1, name).ok()) << name;
  };
  for (const Admission answer : {Admission::full, Admission::over_share, Admission::disk_full, Admission::stopping}) {
    test.backend.admission = answer;
    expect_unknown("admission " + std::to_string(static_cast<int>(answer)));
  }
  test.backend.admission = Admission::accepted;
  for (const Errc status : {Errc::overloaded, Errc::disk_full, Errc::stopping}) {
    test.backend.on_batch = [status](Batch& batch) { batch.status = status; };
    expect_unknown("group " + std::string(to_string(status)));
  }
}

TEST(ServerTest, AFullEngineMakesClientsWaitBeforeItRefuses) {
  TestServer test;
  test.backend.admission = IngestEngine::Admission::full;
  Client patient = test.connect();
  patient.send(post("/write", "t"));
  test.backend.wait_for_refusals(3);  // The clock stands still: it goes on waiting.
  test.backend.admission = IngestEngine::Admission::accepted;
  EXPECT_EQ(patient.read().status, 201);

  test.backend.admission = IngestEngine::Admission::full;
  Client unlucky = test.connect();
  unlucky.send(post("/write", "t"));
  test.backend.wait_for_refusals(5);
  test.advance(1);
  const Response refused = unlucky.read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
}

TEST(ServerTest, AnIdempotencyKeyIsScopedToKeyAndRouteAndDigestsTheRequest) {
  TestServer test;
  std::vector<IdempotencyRequest> seen;
  test.backend.on_batch = [&](Batch& batch) { seen.push_back(batch.idempotency.value_or(IdempotencyRequest{})); };
  Client client = test.connect();
  const auto send = [&](std::string_view auth, const char* path, const char* body, const char* key) {
    const std::string field = *key == '\0' ? "" : "Idempotency-Key: " + std::string(key) + "\r\n";
    ASSERT_EQ(client.ask(post(path, body, std::string(auth) + field)).status, 201);
  };
  send(kAuth, "/write", "a", "k");
  send(kAuth, "/write/", "a", "k");
  send(kAuth, "/write", "b", "k");
  send(kAuth, "/write?x=1", "a", "k");
  send(kManager, "/write", "a", "k");
  send(kAuth, "/write", "a", "other");
  send(kAuth, "/write", "a", "");
  ASSERT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen[0].key, seen[2].key);
  EXPECT_NE(seen[0].digest, seen[2].digest) << "another body";
  EXPECT_NE(seen[0].digest, seen[3].digest) << "another query";
  EXPECT_EQ(seen[0].key, seen[1].key) << "a slash more is the same route";
  EXPECT_EQ(seen[0].digest, seen[1].digest) << "and the same request";
  EXPECT_NE(seen[0].key, seen[4].key) << "another API key";
  EXPECT_NE(seen[0].key, seen[5].key);
  EXPECT_EQ(seen[6].key, Hash128{}) << "none was sent";
}

TEST(ServerTest, AStrictWorkspaceMarksUnknownSources) {
  TestServer test;
  test.backend.on_read = [](ReadRequest& read) {
    for (std::size_t i = 0; i < read.query.sources.size(); ++i) read.exists[i] = read.query.sources[i].id == "known";
  };
  constexpr std::string_view kStrict = "Host: a\r\nAuthorization: Bearer slstrict.secret\r\n";
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/write", "known", kStrict)).body, "ok ok");
  EXPECT_EQ(client.ask(post("/write", "unknown", kStrict)).body, "ok source_not_found");
  EXPECT_EQ(client.ask(post("/write", "unknown")).body, "ok ok") << "an open workspace asks nobody";
}

TEST(ServerTest, AnExceptionInADialectCostsOnlyItsRequest) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/throw", "x")).status, 500);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(test.connect().ask(get("/items/a")).status, 200);
}

TEST(ServerTest, AClientThatLeavesWhileItsBatchIsLentHarmsNobody) {
  TestServer test;
  test.backend.hold = true;
  {
    Client client = test.connect();
    client.send(post("/write", "t"));
    test.backend.wait_for_held(1);
  }
  test.backend.hold = false;
  test.backend.release();
  EXPECT_EQ(test.connect().ask(post("/write", "t")).status, 201);
}

TEST(ServerTest, AClientThatStopsSendingStillGetsItsAnswer) {
  TestServer test;
  Client client = test.connect();
  client.send(post("/write", "t"));
  client.finish_sending();
  EXPECT_EQ(client.read().status, 201);
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace sluice
