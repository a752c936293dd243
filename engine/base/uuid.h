#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// 16-byte UUIDs and their text. Only lower-case canonical text (8-4-4-4-12) is ever packed in place of an opaque id,
/// so that every id reads back byte for byte as it was sent.

namespace sluice {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Requires: bytes.size() == 16.
  [[nodiscard]] static Uuid from_bytes(std::string_view bytes) noexcept;
};

/// Lower-case canonical text only; the hot path.
[[nodiscard]] std::optional<Uuid> parse_canonical_uuid(std::string_view text) noexcept;
/// What Future AGI's UUID fields take: either case, with or without hyphens, braces or `urn:uuid:`.
[[nodiscard]] std::optional<Uuid> parse_any_uuid(std::string_view text) noexcept;
/// 36 characters, lower case; no NUL behind them.
void write_uuid(char* out, const Uuid& uuid) noexcept;
void append_uuid(std::string& out, const Uuid& uuid);
[[nodiscard]] std::string to_text(const Uuid& uuid);
/// Version 4, from a per-thread generator seeded by the system. Thread-safe.
[[nodiscard]] Uuid random_uuid();

}  // namespace sluice
