// Any bytes as a sequence of catalogue records: 5 bytes of key, 2 of length, the value.

#include "engine/base/bytes.h"
#include "engine/model/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::Catalogue catalogue;
  sluice::Reader reader({reinterpret_cast<const char*>(data), size});
  while (!reader.at_end()) {
    const std::string_view key = reader.bytes(5);
    const std::size_t length = static_cast<std::size_t>(reader.byte()) << 8 | reader.byte();
    const std::string_view value = reader.bytes(std::min(length, reader.left()));
    if (reader.failed()) break;
    (void)catalogue.load(key, value);
  }
  const sluice::CataloguePtr snapshot = catalogue.snapshot();
  for (const sluice::Workspace* workspace : snapshot->workspaces()) {
    if (snapshot->workspace(workspace->number) != workspace) __builtin_trap();
    for (const sluice::Label* label : snapshot->labels(workspace->number))
      if (snapshot->label(label->number) != label) __builtin_trap();
  }
  std::vector<sluice::CatalogueEntry> entries;
  catalogue.drain(entries);
  if (!entries.empty()) __builtin_trap();  // Loading is no change.
  return 0;
}
