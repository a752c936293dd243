#pragma once

#include <string>
#include <string_view>

/// One complete gzip member or zstd frame. For tests only.

namespace sluice {

[[nodiscard]] std::string gzip_for_test(std::string_view text);
[[nodiscard]] std::string zstd_for_test(std::string_view text);

}  // namespace sluice
