#include "engine/ingest/admission_ledger.h"

#include <algorithm>

namespace sluice {

double AdmissionLedger::open_share(double pressure) noexcept {
  // Written so that a NaN closes the door.
  if (pressure <= 0.5) return 1.0;
  return pressure < 1.0 ? 2.0 * (1.0 - pressure) : 0.0;
}

bool AdmissionLedger::try_take(std::size_t scores, std::size_t bytes, double pressure) noexcept {
  const double share = open_share(pressure);
  if (share <= 0.0) return false;
  const auto part = [share](std::size_t limit) { return static_cast<std::size_t>(static_cast<double>(limit) * share); };
  // Relaxed: these are counts; the rings order the batches themselves. Two io threads may pass together, one is turned
  // back by the sum that its own addition returned.
  const std::size_t scores_before = scores_.fetch_add(scores, std::memory_order_relaxed);
  const std::size_t bytes_before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const bool fits = scores_before + scores <= part(scores_max_) && bytes_before + bytes <= part(bytes_max_);
  if (fits || scores_before == 0) return true;
  give_back(scores, bytes);
  return false;
}

void AdmissionLedger::give_back(std::size_t scores, std::size_t bytes) noexcept {
  scores_.fetch_sub(scores, std::memory_order_relaxed);
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void AdmissionLedger::enter() noexcept {
  // seq_cst, with the engine's stopping flag: either submit sees the flag, or stop() sees this batch.
  batches_.fetch_add(1, std::memory_order_seq_cst);
}

void AdmissionLedger::leave(std::size_t batches) noexcept {
  // Release: pairs with wait_for_none's acquire; what the delivery wrote happens before stop() returns.
  if (batches_.fetch_sub(batches, std::memory_order_acq_rel) == batches) batches_.notify_all();
}

void AdmissionLedger::wait_for_none() noexcept {
  for (std::size_t left = batches_.load(std::memory_order_seq_cst); left != 0;
       left = batches_.load(std::memory_order_acquire)) {
    batches_.wait(left, std::memory_order_acquire);
  }
}

}  // namespace sluice
