#include "net/transport/address_places.h"

#include <vector>

#include <gtest/gtest.h>

#include "net/transport/server_for_test.h"

namespace sluice {
namespace {

AddressPlaces::Address v4(std::uint8_t a, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, 0, 0, d};
}

TEST(AddressPlacesTest, AnAddressHasSoManyPlacesAndNotOneMore) {
  AddressPlaces places(3, false);
  std::vector<AddressPlaces::Place> held;
  for (int i = 0; i < 3; ++i) {
    auto place = places.take(v4(10, 1));
    ASSERT_TRUE(place);
    held.push_back(std::move(*place));
  }
  EXPECT_FALSE(places.take(v4(10, 1)));
  EXPECT_TRUE(places.take(v4(10, 2))) << "another address has its own";
  held.pop_back();
  EXPECT_TRUE(places.take(v4(10, 1))) << "given back";
}

TEST(AddressPlacesTest, LoopbackIsNotCountedAndZeroIsNoLimit) {
  AddressPlaces places(1, false);
  std::vector<AddressPlaces::Place> held;
  for (int i = 0; i < 10; ++i) {
    auto place = places.take(v4(127, 1));
    ASSERT_TRUE(place);
    held.push_back(std::move(*place));
  }
  AddressPlaces none(0, true);
  for (int i = 0; i < 10; ++i) {
    auto place = none.take(v4(10, 1));
    ASSERT_TRUE(place);
    held.push_back(std::move(*place));
  }
}

TEST(AddressPlacesTest, AConnectionPastTheLimitIsClosedAndAnotherTakesItsPlaceLater) {
  TestServer test([](TestServer::Setup& setup) {
    setup.options.connections_per_address_max = 2;
    setup.tuning.count_loopback = true;
  });
  Client first = test.connect();
  EXPECT_EQ(first.ask(get("/items/a")).status, 200);
  {
    Client second = test.connect();
    EXPECT_EQ(second.ask(get("/items/a")).status, 200);
    Client third = test.connect();
    EXPECT_TRUE(third.closed());
    EXPECT_NE(test.server->metrics_text().find("sluice_backpressure_total{stage=\"address\"} 1"), std::string::npos);
  }
  EXPECT_EQ(first.ask(get("/items/b")).status, 200);
  int status = 0;
  for (int tries = 0; tries < 2000 && status != 200; ++tries) {  // The server has yet to see that they are gone.
    Client next = test.connect();
    status = next.ask(get("/items/c")).status;
  }
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace sluice
