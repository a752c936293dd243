#include "engine/read/read_request.h"

namespace sluice {

void Page::reset() noexcept {
  scores.clear();
  next_cursor.clear();
  blocks.clear();
  arena.reset();
}

void ReadRequest::reset() noexcept {
  query = {};
  status = Errc::ok;
  page.reset();
  exists.clear();
}

}  // namespace sluice
