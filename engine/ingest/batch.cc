#include "engine/ingest/batch.h"

namespace sluice {

Batch::~Batch() { SLUICE_CHECK(!lent_.load(std::memory_order_relaxed)); }

void Batch::reset() noexcept {
  SLUICE_CHECK(!lent_.load(std::memory_order_relaxed));
  principal = {};
  dialect = DialectCode::native;
  options = {};
  idempotency.reset();
  records.clear();
  status = Errc::ok;
  outcomes.clear();
  inserted_at = 0;
  replayed = false;
  order_.clear();
  run_begins_.clear();
  row_bytes_ = 0;
  bytes_ = 0;
  refused_ = Errc::ok;
}

void Batch::free() noexcept {
  reset();
  records = std::vector<ScoreRecord>();
  outcomes = std::vector<RecordOutcome>();
  order_ = std::vector<std::uint32_t>();
  run_begins_ = std::vector<std::uint32_t>();
}

std::size_t Batch::kept_bytes() const noexcept {
  return records.capacity() * sizeof(ScoreRecord) + outcomes.capacity() * sizeof(RecordOutcome) +
         (order_.capacity() + run_begins_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace sluice
