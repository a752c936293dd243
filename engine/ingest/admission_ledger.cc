#include "engine/ingest/admission_ledger.h"

#include <algorithm>

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr std::size_t kAccounts = limits::kWorkspaces + 1;
static_assert(limits::kScoresInFlight + 64 * limits::kItems < (1u << 24), "a Held has 24 bits for scores");

}  // namespace

AdmissionLedger::AdmissionLedger(std::size_t scores_max, std::size_t bytes_max)
    : scores_max_(scores_max),
      bytes_max_(bytes_max),
      scores_open_(scores_max),
      accounts_(std::make_unique<Account[]>(kAccounts)) {}

AdmissionLedger::Account& AdmissionLedger::account(WorkspaceNumber workspace) const noexcept {
  // A damaged catalogue may hold a higher number: that workspace would share an account, and nothing else.
  return accounts_[workspace % kAccounts];
}

double AdmissionLedger::open_share(double pressure) noexcept {
  // Written so that a NaN closes the door.
  if (pressure <= 0.5) return 1.0;
  return pressure < 1.0 ? 2.0 * (1.0 - pressure) : 0.0;
}

AdmissionLedger::Verdict AdmissionLedger::try_take(WorkspaceNumber workspace, std::size_t scores, std::size_t bytes,
                                                   double pressure) noexcept {
  const double open = open_share(pressure);
  if (open <= 0.0) return Verdict::full;
  const auto part = [open](std::size_t limit) { return static_cast<std::size_t>(static_cast<double>(limit) * open); };
  const std::size_t scores_max = part(scores_open());
  const std::size_t bytes_max = part(bytes_max_);
  // Relaxed: counts only; the rings order the batches themselves.
  constexpr auto relaxed = std::memory_order_relaxed;
  const std::uint64_t taken = Held(scores, bytes).bits();
  const Held before(all_.fetch_add(taken, relaxed));
  const Held own_before(account(workspace).fetch_add(taken, relaxed));
  if (own_before.scores() == 0) active_.fetch_add(1, relaxed);
  if (before.scores() == 0) return Verdict::taken;

  const std::size_t scores_after = before.scores() + scores;
  const std::size_t bytes_after = before.bytes() + bytes;
  Verdict verdict = Verdict::taken;
  if (scores_after > scores_max || bytes_after > bytes_max) {
    verdict = Verdict::full;
  } else if (own_before.scores() != 0) {
    const std::size_t active = std::max<std::size_t>(1, active_.load(relaxed));
    const bool many_scores = scores_after > scores_max / 2 && own_before.scores() + scores > scores_max / active;
    const bool many_bytes = bytes_after > bytes_max / 2 && own_before.bytes() + bytes > bytes_max / active;
    if (many_scores || many_bytes) verdict = Verdict::over_share;
  }
  if (verdict != Verdict::taken) give_back(workspace, scores, bytes);
  return verdict;
}

bool AdmissionLedger::crowded(WorkspaceNumber workspace, double pressure) const noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  constexpr double kNearly = 0.875;
  const double open = open_share(pressure);
  if (open <= 0.0) return true;
  const double scores_nearly = static_cast<double>(scores_open()) * open * kNearly;
  const double bytes_nearly = static_cast<double>(bytes_max_) * open * kNearly;
  const Held all(all_.load(relaxed));
  const bool by_scores = static_cast<double>(all.scores()) >= scores_nearly;
  const bool by_bytes = static_cast<double>(all.bytes()) >= bytes_nearly;
  if (!by_scores && !by_bytes) return false;
  const Held own(account(workspace).load(relaxed));
  const auto active = static_cast<double>(std::max<std::size_t>(1, active_.load(relaxed)));
  return (by_scores && static_cast<double>(own.scores()) * active >= scores_nearly) ||
         (by_bytes && static_cast<double>(own.bytes()) * active >= bytes_nearly);
}

void AdmissionLedger::give_back(WorkspaceNumber workspace, std::size_t scores, std::size_t bytes) noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  const std::uint64_t given = Held(scores, bytes).bits();
  all_.fetch_sub(given, relaxed);
  const Held own_before(account(workspace).fetch_sub(given, relaxed));
  if (own_before.scores() == scores) active_.fetch_sub(1, relaxed);
}

void AdmissionLedger::observe(std::size_t scores, MonotonicTime now) noexcept {
  window_.done += scores;
  window_.least_queued = std::min(window_.least_queued, this->scores());
  const std::int64_t elapsed = now - window_.since;
  if (elapsed < kWindowNs) return;
  const double per_second = static_cast<double>(window_.done) * 1e9 / static_cast<double>(elapsed);
  // Without a queue the count says what was asked for, not what could be done.
  const bool queued = window_.least_queued >= kQueuedScoresMin / 2;
  const std::size_t least = std::min(kQueuedScoresMin, scores_max_);
  const auto by_age = static_cast<std::size_t>(per_second * kQueueSeconds);
  scores_open_.store(queued ? std::clamp(by_age, least, scores_max_) : scores_max_, std::memory_order_relaxed);
  window_ = {now, 0, SIZE_MAX};
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
