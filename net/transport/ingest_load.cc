#include "net/transport/ingest_load.h"

#include "engine/base/limits.h"

namespace sluice {
namespace {

// While there is work. Halved: twice as many wake-ups; doubled: the end of an overload is seen that much later.
constexpr std::int64_t kRingEveryNs = 10'000'000;

/// A damaged catalogue may hold a higher number: that workspace would share a count, and nothing else.
std::size_t slot(WorkspaceNumber workspace) noexcept { return workspace % (limits::kWorkspaces + 1); }

}  // namespace

void IngestLoad::began(WorkspaceNumber workspace) {
  if (slot(workspace) >= serving_.size()) serving_.resize(slot(workspace) + 1);
  if (serving_[slot(workspace)]++ == 0) ++active_;
  ++all_;
  arm();
}

void IngestLoad::ended(WorkspaceNumber workspace) noexcept {
  if (--serving_[slot(workspace)] == 0) --active_;
  --all_;
}

/// Once may have been the machine's fault, and is over: what came meanwhile can be served. Twice in a row is a queue.
bool IngestLoad::behind() const noexcept {
  return late_ > 1 || (armed_ && tuning_.now() - due_ > kLateNs);
}

bool IngestLoad::busy() const noexcept { return busy_ || (armed_ && tuning_.now() - due_ > kBusyNs); }

bool IngestLoad::has_its_share(WorkspaceNumber workspace) const noexcept {
  const std::uint64_t own = slot(workspace) < serving_.size() ? serving_[slot(workspace)] : 0;
  return own != 0 && own * active_ >= all_;
}

void IngestLoad::arm() {
  if (armed_ || stopped_) return;
  armed_ = true;
  due_ = tuning_.now() + kRingEveryNs;
  timer_.expires_after(std::chrono::nanoseconds(kRingEveryNs));
  timer_.async_wait([this](const boost::system::error_code& error) {
    armed_ = false;
    if (error) return;
    const std::int64_t late_ns = tuning_.now() - due_;
    late_ = late_ns > kLateNs ? late_ + 1 : 0;
    busy_ = late_ns > kBusyNs;
    const bool someone_waits = on_ring && on_ring();
    if (busy_ || someone_waits) arm();  // Nobody else may come to do it.
  });
}

void IngestLoad::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace sluice
