#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/model/catalogue.h"

/// Bytes of the catalogue's records (store/README.md, "Catalogue records"). Pure. Only catalogue*.cc and tests use
/// it.

namespace sluice {

/// First byte of a record's key. Workspaces sort first, since everything else names one.
enum class CatalogueKind : std::uint8_t { workspace = 1, annotator = 2, key = 3, label = 4 };

struct CatalogueKey {
  CatalogueKind kind = CatalogueKind::workspace;
  std::uint32_t number = 0;
};

[[nodiscard]] CatalogueEntry encode(const Workspace& workspace);
[[nodiscard]] CatalogueEntry encode(const Annotator& annotator);
[[nodiscard]] CatalogueEntry encode(const ApiKey& key);
[[nodiscard]] CatalogueEntry encode(const Label& label);

/// Errors: corrupt; format_too_new for a kind this version does not know.
[[nodiscard]] Result<CatalogueKey> decode_catalogue_key(std::string_view key);
/// Fill everything but the number, which stands in the key. Errors: corrupt, format_too_new.
[[nodiscard]] Result<void> decode(std::string_view value, Workspace& workspace);
[[nodiscard]] Result<void> decode(std::string_view value, Annotator& annotator);
[[nodiscard]] Result<void> decode(std::string_view value, ApiKey& key);
[[nodiscard]] Result<void> decode(std::string_view value, Label& label);

}  // namespace sluice
