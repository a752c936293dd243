// Any text as a cursor: only what was made for the same query is taken, and it names the position it was made for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/check.h"
#include "engine/read/cursor.h"

using sluice::Position;
using sluice::ScoreQuery;

namespace {

/// Reads numbers and texts off the input; zeros once it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    for (; bytes > 0 && size_ > 0; --bytes, --size_) out = out << 8 | *data_++;
    return out;
  }
  std::string text() {
    const std::size_t size = std::min<std::size_t>(number(1), size_);
    std::string out(reinterpret_cast<const char*>(data_), size);
    data_ += size;
    size_ -= size;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sluice::KeyedHash keys({});
  Input input(data, size);
  ScoreQuery query;
  query.by = static_cast<ScoreQuery::By>(input.number(1) % 6);
  query.workspace = static_cast<sluice::WorkspaceNumber>(input.number(4));
  query.annotator = static_cast<sluice::AnnotatorNumber>(input.number(4));
  const std::string source = input.text();
  query.source.id = source;
  for (std::uint64_t left = input.number(1) % 4; left > 0; --left)
    query.filter.labels.push_back(static_cast<sluice::LabelNumber>(input.number(4)));
  Position at;
  at.block = input.number(8);
  at.slot = static_cast<std::uint16_t>(input.number(2));

  // Any text.
  query.cursor = input.text();
  if (const auto decoded = decode_cursor(keys, query); decoded && !query.cursor.empty())
    SLUICE_CHECK(encode_cursor(keys, query, *decoded) == query.cursor);

  // One that was made here; then for another query, and with one character changed.
  const std::string made = encode_cursor(keys, query, at);
  query.cursor = made;
  const auto decoded = decode_cursor(keys, query);
  SLUICE_CHECK(decoded.ok() && decoded->block == at.block && decoded->slot == at.slot);
  ++query.workspace;
  SLUICE_CHECK(!decode_cursor(keys, query).ok());
  --query.workspace;
  const std::size_t changed = input.number(1) % made.size();
  query.cursor[changed] = static_cast<char>(query.cursor[changed] ^ static_cast<char>(1 + input.number(1) % 127));
  SLUICE_CHECK(!decode_cursor(keys, query).ok());
  return 0;
}
