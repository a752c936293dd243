#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/load/ack_set.h"
#include "tools/load/answer.h"
#include "tools/load/bodies.h"
#include "tools/load/http_loop.h"

/// Reads every source with an acked score back over the native API and compares it with what the plan says was sent.
/// Scores of requests without an answer may be there or not; anything else that is there was never sent, or twice.

namespace sluice::load {

struct AuditResult {
  std::uint64_t sources = 0;
  std::uint64_t scores = 0;      ///< Acked scores found as they were sent.
  std::uint64_t missing = 0;     ///< Acked, not found.
  std::uint64_t wrong = 0;       ///< Found under its client id with another label or value.
  std::uint64_t unexpected = 0;  ///< Found, but never sent, refused, or sent once and found twice.
  std::uint64_t unreadable = 0;  ///< Sources whose read did not answer 200.
  double seconds = 0;
  std::vector<std::string> findings;  ///< The first few, in words.
  [[nodiscard]] bool clean() const noexcept { return missing + wrong + unexpected + unreadable == 0; }
};

struct AuditOptions {
  std::string key;
  std::size_t connections = 32;
  std::uint32_t threads = 1;
  double sample = 1.0;
  bool progress = false;
};

[[nodiscard]] AuditResult run_audit(const Plan& plan, const std::vector<LoadLabel>& labels, const AckSet& acked,
                                    const Endpoint& endpoint, const AuditOptions& options);

/// Compares one source's scores as read with the plan. Adds to `result`. Exposed for tests.
void check_source(const Plan& plan, const std::vector<LoadLabel>& labels, const AckSet& acked, std::uint64_t source,
                  const std::vector<ReadScore>& read, AuditResult& result);

}  // namespace sluice::load
