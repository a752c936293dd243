#include "net/transport/failed_auth_limiter.h"

#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

constexpr MonotonicTime kNow = 5'000'000'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;
const KeyedHash kKeys{KeyedHash::Key{3}};

FailedAuthLimiter::Address nth(std::uint32_t n) {
  FailedAuthLimiter::Address address{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  std::memcpy(address.data() + 12, &n, sizeof n);
  return address;
}

/// How many of a hundred failures at one moment are counted.
int counted(FailedAuthLimiter& limiter, const FailedAuthLimiter::Address& address, MonotonicTime now) {
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += limiter.take(address, now) == 0 ? 1 : 0;
  return taken;
}

FailedAuthLimiter::Address of_text(const char* text) {
  sockaddr_storage peer{};
  if (inet_pton(AF_INET, text, &reinterpret_cast<sockaddr_in&>(peer).sin_addr) == 1) {
    peer.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &reinterpret_cast<sockaddr_in6&>(peer).sin6_addr), 1) << text;
    peer.ss_family = AF_INET6;
  }
  return counted_address(peer).value();
}

TEST(FailedAuthLimiterTest, FailsTenSecondsOfItsRateAtOnceAndNotOnceMore) {
  for (const std::uint64_t rate : {1u, 2u, 3u, 7u, 999u, 10'000u}) {
    FailedAuthLimiter limiter(rate, kKeys);
    for (std::uint64_t i = 0; i < 10 * rate; ++i) ASSERT_EQ(limiter.take(nth(1), kNow), 0) << rate << ": " << i;
    EXPECT_GT(limiter.take(nth(1), kNow), 0) << rate;
    EXPECT_EQ(limiter.take(nth(2), kNow), 0) << "another address has its own";
  }
}

TEST(FailedAuthLimiterTest, TheWaitItNamesIsEnoughAndARefusalCostsNothing) {
  FailedAuthLimiter limiter(2, kKeys);
  ASSERT_EQ(counted(limiter, nth(1), kNow), 20);
  EXPECT_EQ(limiter.take(nth(1), kNow), kSecond / 2);
  EXPECT_EQ(limiter.take(nth(1), kNow + kSecond / 2 - 1), 1);
  EXPECT_EQ(limiter.take(nth(1), kNow + kSecond / 2), 0);
  EXPECT_EQ(counted(limiter, nth(1), kNow + 3 * kSecond), 5) << "as many as were paid for";
  EXPECT_EQ(counted(limiter, nth(1), kNow + 60 * kSecond), 20) << "and never more than at first";
}

TEST(FailedAuthLimiterTest, ZeroIsNoLimit) {
  FailedAuthLimiter limiter(0, kKeys);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(counted(limiter, nth(1), kNow), 100);
}

TEST(FailedAuthLimiterTest, ACrowdOfAddressesResetsNoneThatOwes) {
  FailedAuthLimiter limiter(1, kKeys);
  for (std::uint32_t n = 0; n < 100; ++n) ASSERT_EQ(counted(limiter, nth(n), kNow), 10) << n;
  for (std::uint32_t n = 1000; n < 200'000; ++n) (void)limiter.take(nth(n), kNow);
  for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(counted(limiter, nth(n), kNow), 0) << n;
  // All of the crowd owe nothing now; these owe nine failures each.
  for (std::uint32_t n = 1000; n < 200'000; ++n) (void)limiter.take(nth(n), kNow + kSecond);
  for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(counted(limiter, nth(n), kNow + kSecond), 1) << n;
}

TEST(FailedAuthLimiterTest, AFullTableCountsNewcomersTogetherUntilAnEntryIsIdle) {
  FailedAuthLimiter limiter(1, kKeys);
  constexpr int kEntries = 4096;
  int taken = 0;
  for (std::uint32_t n = 0; n < 100'000; ++n) taken += limiter.take(nth(n), kNow) == 0 ? 1 : 0;
  EXPECT_EQ(taken, kEntries + 10) << "every entry, and the burst of the bucket for all others";
  EXPECT_EQ(limiter.take(nth(200'000), kNow), kSecond);
  EXPECT_EQ(counted(limiter, nth(200'000), kNow + kSecond), 10) << "an entry of its own";
}

TEST(FailedAuthLimiterTest, AnIpv6ClientIsItsHalfAndAnIpv4ClientItsAddressHoweverItComes) {
  struct Case {
    const char* name;
    const char* one;
    const char* other;
    bool same;
  };
  constexpr Case kCases[] = {
      {"one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true},
      {"two /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
      {"IPv4 in IPv6", "192.0.2.7", "::ffff:192.0.2.7", true},
      {"IPv4 neighbours", "192.0.2.7", "192.0.2.8", false},
      {"IPv4 neighbours in IPv6", "::ffff:192.0.2.7", "::ffff:192.0.2.8", false},
  };
  for (const Case& c : kCases) {
    FailedAuthLimiter limiter(1, kKeys);
    ASSERT_EQ(counted(limiter, of_text(c.one), kNow), 10) << c.name;
    EXPECT_EQ(counted(limiter, of_text(c.other), kNow), c.same ? 0 : 10) << c.name;
  }
}

/// A server that takes ten failures at once, and one more for each second that a test takes.
class FailedAuthTest : public testing::Test {
 protected:
  static constexpr std::string_view kWrong = "Host: a\r\nAuthorization: Bearer slkey.wrong\r\n";
  const std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-admin-" + to_text(random_uuid()))).string();
  TestServer test{[this](TestServer::Setup& setup) {
    setup.options.failed_auth_per_second = 1;
    setup.options.admin_socket = path;
    setup.options.operator_pages_need_key = true;
  }};

  /// Asks until it is told something else than 401; counts those in `failed`.
  Response exhaust(Client& client, const std::string& request) {
    for (;; ++failed) {
      Response response = client.ask(request);
      if (response.status != 401 || failed == 1000) return response;
    }
  }
  int failed = 0;
};

TEST_F(FailedAuthTest, PastTheLimitIs429AndAValidKeyFromThereIsTaken) {
  Client client = test.connect();
  const Response refused = exhaust(client, post("/echo", "body", kWrong));
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(failed, 10);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(refused.field("WWW-Authenticate"), "");
  EXPECT_EQ(refused.body,
            "fake 429 rate_limited Too many requests from this address had no valid API key. A valid one is still "
            "taken.");
  EXPECT_EQ(client.ask(get("/items/a")).body, "a") << "on the same connection";
  Client other = test.connect();
  EXPECT_EQ(other.ask(post("/echo", "body")).body, "body");
  EXPECT_EQ(test.server->metrics_text().find("sluice_backpressure_total{stage=\"failed_auth\"} 0"), std::string::npos);
  test.advance(1);
  EXPECT_EQ(client.ask(get("/items/a", kWrong)).status, 401) << "Retry-After holds";
}

TEST_F(FailedAuthTest, PastTheLimitNobodyLearnsWhichIdsExist) {
  Client client = test.connect();
  std::optional<std::string> model;
  for (const char* const credential :
       {"Authorization: slnobody.secret\r\n", "Authorization: slkey.wrong\r\n", "Authorization: slrevoked.secret\r\n",
        "Authorization: Basic !!!\r\n", "X-Api-Key: a.b\r\nAuthorization: c.d\r\n", ""}) {
    const Response refused = exhaust(client, get("/items/a", "Host: a\r\n" + std::string(credential)));
    ASSERT_EQ(refused.status, 429) << credential;
    if (!model) model = refused.body;
    EXPECT_EQ(refused.body, *model) << credential;
  }
}

TEST_F(FailedAuthTest, OperatorsArePastIt) {
  Client client = test.connect();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.ask(get("/metrics", kWrong)).status, 401) << "neither refused";
  EXPECT_EQ(exhaust(client, get("/items/a", kWrong)).status, 429);
  EXPECT_GE(failed, 10) << "nor counted";
  for (const char* const page : {"/livez", "/readyz"})
    EXPECT_EQ(client.ask(get(page, kWrong)).status, 200) << page;
  EXPECT_EQ(client.ask(get("/metrics", kWrong)).status, 401);
  EXPECT_EQ(client.ask(get("/metrics")).status, 200);
  Client admin(path);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(admin.ask(get("/keys", kWrong)).status, 200) << i;
}

}  // namespace
}  // namespace sluice
