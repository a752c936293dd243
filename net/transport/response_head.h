#pragma once

#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "net/dialect/request.h"

/// Renders status line and header fields. Pure.

namespace sluice {

struct ResponseShape {
  std::uint8_t minor_version = 1;
  bool close = false;
  std::string_view request_id;
  std::string_view allow;  ///< "Allow: …" line of a 405, or empty.
  std::string_view date;   ///< IMF-fixdate text.
};

/// Replaces `out`. A 204 has neither type nor length.
void render_response_head(std::string& out, const Reply& reply, const ResponseShape& shape);
/// "Sat, 21 Nov 2026 01:39:14 GMT".
void render_http_date(std::string& out, WallTime now);

}  // namespace sluice
