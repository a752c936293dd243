#include "tools/app/memory_shares.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/ingest/batch.h"

namespace sluice {
namespace {

constexpr std::size_t kRecordBytes = sizeof(ScoreRecord) + sizeof(RecordOutcome);

}  // namespace

MemoryShares::MemoryShares(std::size_t memory, std::size_t body_bytes_max) {
  const std::size_t sixteenth = memory / 16;
  store = 8 * sixteenth;
  decoded_body_max =
      std::clamp(4 * body_bytes_max, std::min(limits::kDecodedBodyBytes, sixteenth), limits::kBodyBytesMax);
  // Half of it is one workspace's (ByteBudget); 1: the byte that tells that a body is too long.
  const std::size_t one_body = 2 * (body_bytes_max + decoded_body_max + 1);
  bodies = std::max(std::min(3 * sixteenth, limits::kBodyBytesInFlight), one_body);
  replies = std::min(2 * sixteenth, limits::kReplyBytesInFlight);
  records = 3 * sixteenth;
  scores_in_flight = std::min(records / kRecordBytes, limits::kScoresInFlight);
  kept_requests = scores_in_flight * kRecordBytes;
}

}  // namespace sluice
