#include <cstring>
#include <memory>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/dialect/json_reader.h"
#include "net/dialects/native/post_scores.h"

/// An NDJSON body: every line that is not blank is one item, good or bad, and no line changes what becomes of another.

namespace sluice::native {
namespace {

struct Decoded {
  std::size_t good = 0;
  std::size_t bad = 0;
};

Decoded decode(std::string_view text) {
  static JsonParser parser;
  const auto body = std::make_unique<char[]>(text.size() + limits::kPadding);
  if (!text.empty()) std::memcpy(body.get(), text.data(), text.size());
  Exchange exchange;
  exchange.json = &parser;
  exchange.request.body = {body.get(), text.size()};
  if (decode_scores(exchange, BodyFormat::ndjson)) return {};
  SLUICE_CHECK(exchange.items == exchange.batch.records.size() + exchange.item_errors.size());
  return {exchange.batch.records.size(), exchange.item_errors.size()};
}

}  // namespace
}  // namespace sluice::native

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = sluice::native::decode(text);
  const std::size_t cut = text.find('\n');
  if (cut == text.npos) return 0;
  const auto first = sluice::native::decode(text.substr(0, cut));
  const auto rest = sluice::native::decode(text.substr(cut + 1));
  SLUICE_CHECK(whole.good == first.good + rest.good);
  SLUICE_CHECK(whole.bad == first.bad + rest.bad);
  return 0;
}
