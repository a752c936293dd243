#include "net/transport/byte_buffer.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::size_t kConnection = 32 * 1024;
constexpr std::size_t kBody = 160 * 1024;
constexpr std::size_t kHuge = 4 * 1024 * 1024;
constexpr std::size_t kPoolBytes = 1024 * 1024;

TEST(BufferPoolTest, ManyClosedConnectionsLeaveRoomForBodies) {
  BufferPool pool(kPoolBytes);
  for (int i = 0; i < 1000; ++i) pool.give(ByteBuffer(kConnection));
  ByteBuffer body(kBody);
  const char* const bytes = body.data();
  pool.give(std::move(body));
  pool.give(ByteBuffer(kConnection));
  EXPECT_EQ(pool.take(kBody).data(), bytes);
}

TEST(BufferPoolTest, ABufferIsNeverSmallerThanAskedFor) {
  BufferPool pool(kPoolBytes);
  for (const std::size_t size : {kConnection, kConnection + 1, kBody, kHuge}) pool.give(ByteBuffer(size));
  for (const std::size_t size : {kHuge, kBody + 1, kBody, kConnection + 1, kConnection, std::size_t{1}})
    EXPECT_GE(pool.take(size).capacity(), size);
}

TEST(BufferPoolTest, AHugeBodyIsNotKept) {
  BufferPool pool(kPoolBytes);
  pool.give(ByteBuffer(kHuge));
  EXPECT_EQ(pool.take(kBody).capacity(), kBody);
}

}  // namespace
}  // namespace sluice
