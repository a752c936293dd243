#pragma once

#include <string>
#include <vector>

#include "engine/ingest/engine_test_support.h"
#include "engine/read/score_reader.h"
#include "net/dialect/exchange.h"

/// What fuzzed endpoints talk to: the real engine in memory, stepped by hand, with a workspace, two annotators, a label
/// of each type and some scores. Made anew for each input, so that the input alone decides what happens; its ids are
/// the same every time, so that an input that was kept stays good.

namespace sluice {

class FuzzWorld {
 public:
  FuzzWorld();

  /// The labels' annotator, another one without the scope manage, and the operator.
  [[nodiscard]] static Principal owner() noexcept { return {1, 1, 1, kIngest | kRead | kManage}; }
  [[nodiscard]] static Principal other() noexcept { return {2, 1, 2, kIngest | kRead}; }
  [[nodiscard]] static Principal operator_principal() noexcept { return {0, 0, 0, kIngest | kRead | kManage | kAdmin}; }

  // As the transport does what an endpoint asks for.
  void write(Exchange& exchange);
  void read(Exchange& exchange);
  void change(Exchange& exchange);

  [[nodiscard]] CataloguePtr snapshot() const { return catalogue_.snapshot(); }
  /// What a path may name: a label of each type, an annotator, a key, the workspace, then the scores.
  [[nodiscard]] const std::vector<std::string>& names();
  static constexpr std::size_t kFirstScore = 8;  ///< In names().

 private:
  void store_samples();

  Catalogue catalogue_;
  MemoryLog log_{test_keys()};
  SteppedEngine engine_;
  ScoreReader reader_{test_keys(), log_};
};

}  // namespace sluice
