#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

TEST(AuthenticationTest, KeysOpenWhatTheirScopesSay) {
  TestServer test;
  struct Case {
    const char* name;
    std::string fields;
    int status;
  };
  const Case kCases[] = {
      {"Bearer", "Authorization: Bearer slkey.secret\r\n", 200},
      {"bearer in small letters", "Authorization: bearer slkey.secret\r\n", 200},
      {"bare", "Authorization: slkey.secret\r\n", 200},
      {"Basic", "Authorization: Basic c2xrZXk6c2VjcmV0\r\n", 200},
      {"Basic with a bit too much", "Authorization: Basic c2xrZXk6c2VjcmV0=\r\n", 401},
      {"key and secret", "X-Api-Key: slkey\r\nX-Secret-Key: secret\r\n", 200},
      {"key alone", "x-api-key: slkey.secret\r\n", 200},
      {"both and equal", "X-Api-Key: slkey\r\nX-Secret-Key: secret\r\nAuthorization: Bearer slkey.secret\r\n", 200},
      {"both and different", "X-Api-Key: slkey\r\nX-Secret-Key: secret\r\nAuthorization: Bearer slmanager.secret\r\n",
       401},
      {"none", "", 401},
      {"wrong secret", "Authorization: Bearer slkey.secreT\r\n", 401},
      {"unknown id", "Authorization: Bearer slnobody.secret\r\n", 401},
      {"revoked", "Authorization: Bearer slrevoked.secret\r\n", 401},
      {"secret alone", "X-Secret-Key: secret\r\n", 401},
      {"key without its secret", "X-Api-Key: slkey\r\n", 401},
      {"empty secret", "Authorization: Bearer slkey.\r\n", 401},
      {"another scheme", "Authorization: Digest slkey.secret\r\n", 401},
  };
  for (const Case& c : kCases) {
    Client client = test.connect();
    const Response response = client.ask(get("/items/a", "Host: a\r\n" + c.fields));
    EXPECT_EQ(response.status, c.status) << c.name;
    EXPECT_EQ(response.field("WWW-Authenticate"), c.status == 401 ? "ApiKey" : "") << c.name;
  }
  Client client = test.connect();
  EXPECT_EQ(client.ask(post("/change", "x")).status, 403);
  const Response conflict = client.ask(get("/items/a", "Host: a\r\nX-Api-Key: a.b\r\nAuthorization: c.d\r\n"));
  EXPECT_EQ(conflict.body.substr(0, 34), "fake 401 conflicting_credentials T");
  const Response unknown = client.ask(get("/items/a", "Host: a\r\nAuthorization: slnobody.secret\r\n"));
  const Response wrong = client.ask(get("/items/a", "Host: a\r\nAuthorization: slkey.wrong\r\n"));
  EXPECT_EQ(unknown.body, wrong.body) << "nobody learns which ids exist";
}

TEST(AuthenticationTest, ACachedKeyIsForgottenWhenItIsRevoked) {
  TestServer test;
  Client client = test.connect();
  EXPECT_EQ(client.ask(get("/items/a")).status, 200);
  ASSERT_TRUE(test.catalogue.apply(RevokeKey{"slkey"}, 3).ok());
  EXPECT_EQ(client.ask(get("/items/a")).status, 401);
}

TEST(AuthenticationTest, TheOperatorsSocketNeedsNoKeyAndNoWorkspace) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-admin-" + to_text(random_uuid()))).string();
  {
    TestServer test([&](TestServer::Setup& setup) { setup.options.admin_socket = path; });
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    Client client(path);
    EXPECT_EQ(client.ask(get("/keys", "Host: a\r\n")).status, 200);
    EXPECT_EQ(client.ask(get("/items/a", "Host: a\r\n")).status, 200);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(AuthenticationTest, IdleConnectionsOverTcpDoNotShutTheOperatorsSocketOut) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-admin-" + to_text(random_uuid()))).string();
  TestServer test([&](TestServer::Setup& setup) {
    setup.options.admin_socket = path;
    setup.options.connections_max = 2;
  });
  Client first = test.connect();
  Client second = test.connect();
  EXPECT_EQ(first.ask(get("/items/a")).status, 200);
  EXPECT_EQ(second.ask(get("/items/a")).status, 200);
  Client third = test.connect();  // Waits in the kernel.
  Client client(path);
  EXPECT_EQ(client.ask(get("/keys", "Host: a\r\n")).status, 200);
}

TEST(AuthenticationTest, TheOperatorsSocketHas32PlacesOnAFullServerAndNotOneMore) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-admin-" + to_text(random_uuid()))).string();
  TestServer test([&](TestServer::Setup& setup) {
    setup.options.admin_socket = path;
    setup.options.connections_max = 1;
  });
  const auto value = [&test](std::string_view metric) {
    const std::string text = test.server->metrics_text();
    return std::stoull(text.substr(text.find("\n" + std::string(metric) + " ") + metric.size() + 2));
  };
  Client over_tcp = test.connect();
  EXPECT_EQ(over_tcp.ask(get("/items/a")).status, 200);
  std::vector<std::unique_ptr<Client>> operators;
  for (int i = 0; i < 32; ++i) {
    operators.push_back(std::make_unique<Client>(path));
    ASSERT_EQ(operators.back()->ask(get("/keys", "Host: a\r\n")).status, 200) << i;
  }
  Client late(path);
  late.send(get("/keys", "Host: a\r\n"));
  // Both listeners look for room at each tick, and count that there is none.
  constexpr std::string_view kNoRoom = "sluice_backpressure_total{stage=\"connections\"}";
  const auto before = value(kNoRoom);
  while (value(kNoRoom) < before + 20) std::this_thread::yield();
  EXPECT_EQ(value("sluice_connections"), 33u);
  operators.pop_back();
  EXPECT_EQ(late.read().status, 200);
}

}  // namespace
}  // namespace sluice
