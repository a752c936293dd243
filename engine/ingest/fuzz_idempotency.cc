// Any bytes as a kept answer of an Idempotency-Key: the first 25 are its key in the log, the rest its value.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/ingest/idempotency_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kKeyBytes = 25;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(size, kKeyBytes);
  if (const auto answer = sluice::load_answer({bytes.substr(0, split), bytes.substr(split)}); answer) {
    const sluice::IdempotencyAnswer& loaded = **answer;
    SLUICE_CHECK(sluice::idempotency_log_key(loaded.inserted_at, loaded.key) == bytes.substr(0, split));
    SLUICE_CHECK(bytes.substr(0, split) >= sluice::idempotency_log_bound(loaded.inserted_at));
  }

  sluice::Hash128 digest;
  std::vector<sluice::RecordOutcome> outcomes;
  if (!sluice::decode_answer(bytes, digest, outcomes)) return 0;
  SLUICE_CHECK(outcomes.size() <= sluice::limits::kItems);
  // What was read reads the same when written again.
  sluice::Hash128 digest_again;
  std::vector<sluice::RecordOutcome> again;
  SLUICE_CHECK(sluice::decode_answer(sluice::encode_answer(digest, outcomes), digest_again, again).ok());
  SLUICE_CHECK(digest == digest_again && outcomes.size() == again.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    SLUICE_CHECK(outcomes[i].code == again[i].code && outcomes[i].label == again[i].label);
    SLUICE_CHECK(outcomes[i].block == again[i].block && outcomes[i].slot == again[i].slot);
  }
  return 0;
}
