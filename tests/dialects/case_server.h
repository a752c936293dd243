#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/dialects/case_file.h"

/// Serves the requests of one case: every dialect's endpoints on the real engine and reader over a log in memory,
/// without sockets. Always the same key and the same labels, so that the ids of scores never change.

namespace sluice::cases {

class CaseServer {
 public:
  explicit CaseServer(const std::vector<std::string>& settings);
  ~CaseServer();

  /// Runs the request and fills `canonical` and `reply` with what came out, masked.
  void run(ExchangeText& text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::cases
