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
  catalogue.reset();
  order_.clear();
  run_begins_.clear();
  bytes_ = 0;
  refused_ = Errc::ok;
}

}  // namespace sluice
