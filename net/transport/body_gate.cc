#include "net/transport/body_gate.h"

#include <algorithm>
#include <utility>

namespace sluice {

void BodyGate::forget(const Connection& connection) noexcept {
  std::erase_if(waiting_, [&connection](const Waiting& one) { return one.connection == &connection; });
}

BodyGate::Turn BodyGate::ring(bool busy, MonotonicTime now) {
  const std::size_t ended = std::exchange(ended_, 0);
  const std::size_t lacking = kLeast - std::min(kLeast, under_way_);
  std::size_t room = std::max(lacking, busy ? ended / 2 : ended + kMore);
  Turn turn;
  for (; room != 0 && !waiting_.empty(); --room) {
    turn.served.push_back(waiting_.front().connection);
    waiting_.pop_front();
  }
  while (!waiting_.empty() && now - waiting_.front().since > kWaitNs) {
    turn.refused.push_back(waiting_.front().connection);
    waiting_.pop_front();
  }
  return turn;
}

}  // namespace sluice
