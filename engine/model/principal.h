#pragma once

#include <cstdint>

#include "engine/model/score_record.h"

/// Who a request speaks for, once its key was checked.

namespace sluice {

enum Scope : std::uint8_t { kIngest = 1, kRead = 2, kManage = 4, kAdmin = 8 };

struct Principal {
  KeyNumber key = 0;  ///< 0: the operator, over admin.sock.
  WorkspaceNumber workspace = 0;
  AnnotatorNumber annotator = 0;
  std::uint8_t scopes = 0;
  [[nodiscard]] bool may(Scope scope) const noexcept { return (scopes & scope) != 0; }
};

}  // namespace sluice
