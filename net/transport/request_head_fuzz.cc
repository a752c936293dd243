#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/transport/request_head.h"

/// Any bytes, in any split, give the same verdict; what is accepted keeps the gate's promises.

using sluice::HeadScanner;
using sluice::HeadVerdict;
using sluice::RequestHead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  HeadScanner whole;
  const HeadVerdict verdict = whole.scan(bytes);
  HeadScanner split;
  HeadVerdict last;
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 7;
  for (std::size_t end = 0; last.state == HeadVerdict::State::incomplete; end += step) {
    last = split.scan(bytes.substr(0, end < size ? end : size));
    if (end >= size) break;
  }
  SLUICE_CHECK(last.state == verdict.state && last.status == verdict.status);
  if (verdict.state != HeadVerdict::State::complete) return 0;

  SLUICE_CHECK(whole.size() <= sluice::limits::kHeadBytes && whole.size() <= size);
  RequestHead head;
  const std::string_view accepted = bytes.substr(0, whole.size());
  if (parse_head(accepted, whole.lines(), head).state != HeadVerdict::State::complete) return 0;
  SLUICE_CHECK(!head.path.empty() && (head.path.front() == '/' || head.path == "*"));
  SLUICE_CHECK(!(head.chunked && head.has_content_length));
  SLUICE_CHECK(head.minor_version == 1 ? !head.host.empty() : !head.chunked);
  SLUICE_CHECK(accepted.find('\0') == std::string_view::npos);
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    SLUICE_CHECK((accepted[i] == '\n') == (i > 0 && accepted[i - 1] == '\r'));
  }
  return 0;
}
