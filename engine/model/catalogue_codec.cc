#include "engine/model/catalogue_codec.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr std::uint8_t kVersion = 1;
/// Of a key that has rate limits of its own; others are written as before, so that an older Sluice reads them.
constexpr std::uint8_t kKeyWithRates = 2;
constexpr Error kCorrupt{Errc::corrupt, 0, "catalogue record"};
constexpr Error kTooNew{Errc::format_too_new, 0, "catalogue record"};
// Leaves room to number on after the highest number ever loaded.
constexpr std::uint32_t kMaxNumber = 0x7FFF'FFFF;

enum RuleField : std::uint8_t { kMin = 1, kMax = 2, kStep = 4, kMinLength = 8, kMaxLength = 16, kMultiChoice = 32 };
enum LabelField : std::uint8_t { kAllowNotes = 1, kArchived = 2 };

[[nodiscard]] CatalogueEntry start(CatalogueKind kind, std::uint32_t number) {
  CatalogueEntry entry;
  entry.key += static_cast<char>(kind);
  put_u32_be(entry.key, number);
  entry.value += static_cast<char>(kVersion);
  return entry;
}

[[nodiscard]] Result<void> check_version(std::uint8_t version, std::uint8_t newest = kVersion) noexcept {
  if (version > newest) return kTooNew;
  if (version == 0) return kCorrupt;
  return {};
}

[[nodiscard]] Result<void> finished(const Reader& reader) noexcept {
  if (reader.failed() || !reader.at_end()) return kCorrupt;
  return {};
}

[[nodiscard]] bool read_number(Reader& reader, std::uint32_t& number) noexcept {
  const std::uint64_t value = reader.varint();
  number = static_cast<std::uint32_t>(value);
  return value <= kMaxNumber;
}

[[nodiscard]] bool read_uuid(Reader& reader, Uuid& uuid) noexcept {
  const std::string_view bytes = reader.bytes(16);
  if (reader.failed()) return false;
  uuid = Uuid::from_bytes(bytes);
  return true;
}

/// 0: absent; else the rate + 1.
void put_rate(std::string& out, const std::optional<std::uint64_t>& rate) { put_varint(out, rate ? *rate + 1 : 0); }

[[nodiscard]] bool read_rate(Reader& reader, std::optional<std::uint64_t>& rate) noexcept {
  const std::uint64_t stored = reader.varint();
  rate = stored == 0 ? std::nullopt : std::optional(stored - 1);
  return !reader.failed() && rate.value_or(0) <= limits::kRateMax;
}

void put_decimal(std::string& out, const Decimal& number) {
  put_zigzag(out, number.mantissa);
  put_zigzag(out, number.exponent);
}

[[nodiscard]] bool read_decimal(Reader& reader, std::optional<Decimal>& out) noexcept {
  const std::int64_t mantissa = reader.zigzag();
  const std::int64_t exponent = reader.zigzag();
  if (exponent != static_cast<std::int16_t>(exponent)) return false;
  // Comparisons rely on the normal form.
  if (mantissa == 0 ? exponent != 0 : mantissa % 10 == 0) return false;
  out = Decimal{mantissa, static_cast<std::int16_t>(exponent)};
  return true;
}

[[nodiscard]] bool read_length(Reader& reader, std::optional<std::uint32_t>& out) noexcept {
  const std::uint64_t length = reader.varint();
  out = static_cast<std::uint32_t>(length);
  return length <= 0xFFFF'FFFF;
}

void put_rules(std::string& out, const LabelRules& rules) {
  const int fields = (rules.min ? kMin : 0) | (rules.max ? kMax : 0) | (rules.step ? kStep : 0) |
                     (rules.min_length ? kMinLength : 0) | (rules.max_length ? kMaxLength : 0) |
                     (rules.multi_choice ? kMultiChoice : 0);
  out += static_cast<char>(fields);
  for (const auto* bound : {&rules.min, &rules.max, &rules.step})
    if (*bound) put_decimal(out, **bound);
  for (const auto* length : {&rules.min_length, &rules.max_length})
    if (*length) put_varint(out, **length);
  put_varint(out, rules.stars);
  put_varint(out, rules.options.size());
  for (const LabelOption& option : rules.options) {
    put_text(out, option.label);
    put_text(out, option.value);
  }
}

[[nodiscard]] bool read_rules(Reader& reader, LabelRules& rules) {
  const std::uint8_t fields = reader.byte();
  if ((fields & kMin) != 0 && !read_decimal(reader, rules.min)) return false;
  if ((fields & kMax) != 0 && !read_decimal(reader, rules.max)) return false;
  if ((fields & kStep) != 0 && !read_decimal(reader, rules.step)) return false;
  if ((fields & kMinLength) != 0 && !read_length(reader, rules.min_length)) return false;
  if ((fields & kMaxLength) != 0 && !read_length(reader, rules.max_length)) return false;
  rules.multi_choice = (fields & kMultiChoice) != 0;
  if (!read_number(reader, rules.stars)) return false;
  const std::uint64_t options = reader.varint();
  if (options > reader.left()) return false;  // Each takes two bytes at least.
  rules.options.clear();
  for (std::uint64_t i = 0; i < options && !reader.failed(); ++i) {
    LabelOption option;
    option.label = reader.text();
    option.value = reader.text();
    rules.options.push_back(std::move(option));
  }
  return !reader.failed();
}

}  // namespace

CatalogueEntry encode(const Workspace& workspace) {
  CatalogueEntry entry = start(CatalogueKind::workspace, workspace.number);
  entry.value += workspace.id.view();
  put_text(entry.value, workspace.name);
  entry.value += static_cast<char>(workspace.strict_sources ? 1 : 0);
  put_zigzag(entry.value, workspace.created_at);
  return entry;
}

CatalogueEntry encode(const Annotator& annotator) {
  CatalogueEntry entry = start(CatalogueKind::annotator, annotator.number);
  entry.value += annotator.id.view();
  put_varint(entry.value, annotator.workspace);
  put_text(entry.value, annotator.name);
  put_text(entry.value, annotator.email);
  put_zigzag(entry.value, annotator.created_at);
  return entry;
}

CatalogueEntry encode(const ApiKey& key) {
  CatalogueEntry entry = start(CatalogueKind::key, key.number);
  put_text(entry.value, key.id);
  entry.value.append(reinterpret_cast<const char*>(key.digest.data()), key.digest.size());
  put_text(entry.value, key.name);
  put_varint(entry.value, key.workspace);
  put_varint(entry.value, key.annotator);
  entry.value += static_cast<char>(key.scopes);
  entry.value += static_cast<char>(key.revoked ? 1 : 0);
  put_zigzag(entry.value, key.created_at);
  put_zigzag(entry.value, key.revoked_at);
  if (key.rates != RateLimits()) {
    entry.value.front() = static_cast<char>(kKeyWithRates);
    for (const auto* rate : {&key.rates.requests, &key.rates.scores, &key.rates.bytes}) put_rate(entry.value, *rate);
  }
  return entry;
}

CatalogueEntry encode(const Label& label) {
  CatalogueEntry entry = start(CatalogueKind::label, label.number);
  entry.value += label.id.view();
  put_varint(entry.value, label.workspace);
  entry.value += static_cast<char>(label.origin);
  entry.value += static_cast<char>(label.type);
  entry.value += static_cast<char>((label.allow_notes ? kAllowNotes : 0) | (label.archived ? kArchived : 0));
  for (const std::string* text : {&label.name, &label.description, &label.project, &label.settings_json})
    put_text(entry.value, *text);
  put_rules(entry.value, label.rules);
  put_zigzag(entry.value, label.created_at);
  put_zigzag(entry.value, label.updated_at);
  return entry;
}

Result<CatalogueKey> decode_catalogue_key(std::string_view key) {
  if (key.size() != 5) return kCorrupt;
  const auto kind = static_cast<std::uint8_t>(key[0]);
  const std::uint32_t number = load_u32_be(key.data() + 1);
  if (kind == 0 || number == 0 || number > kMaxNumber) return kCorrupt;
  if (kind > static_cast<std::uint8_t>(CatalogueKind::label)) return kTooNew;
  return CatalogueKey{static_cast<CatalogueKind>(kind), number};
}

Result<void> decode(std::string_view value, Workspace& workspace) {
  Reader reader(value);
  if (Result<void> version = check_version(reader.byte()); !version) return version;
  if (!read_uuid(reader, workspace.id)) return kCorrupt;
  workspace.name = reader.text();
  workspace.strict_sources = reader.byte() != 0;
  workspace.created_at = reader.zigzag();
  return finished(reader);
}

Result<void> decode(std::string_view value, Annotator& annotator) {
  Reader reader(value);
  if (Result<void> version = check_version(reader.byte()); !version) return version;
  if (!read_uuid(reader, annotator.id) || !read_number(reader, annotator.workspace)) return kCorrupt;
  annotator.name = reader.text();
  annotator.email = reader.text();
  annotator.created_at = reader.zigzag();
  return finished(reader);
}

Result<void> decode(std::string_view value, ApiKey& key) {
  Reader reader(value);
  const std::uint8_t version = reader.byte();
  if (Result<void> known = check_version(version, kKeyWithRates); !known) return known;
  key.id = reader.text();
  const std::string_view digest = reader.bytes(key.digest.size());
  if (reader.failed()) return kCorrupt;
  std::ranges::copy(digest, key.digest.begin());
  key.name = reader.text();
  if (!read_number(reader, key.workspace) || !read_number(reader, key.annotator)) return kCorrupt;
  key.scopes = reader.byte();
  key.revoked = reader.byte() != 0;
  key.created_at = reader.zigzag();
  key.revoked_at = reader.zigzag();
  if (version == kKeyWithRates) {
    for (auto* rate : {&key.rates.requests, &key.rates.scores, &key.rates.bytes})
      if (!read_rate(reader, *rate)) return kCorrupt;
    if (key.rates == RateLimits()) return kCorrupt;  // Would have been written as version 1.
  }
  return finished(reader);
}

Result<void> decode(std::string_view value, Label& label) {
  Reader reader(value);
  if (Result<void> version = check_version(reader.byte()); !version) return version;
  if (!read_uuid(reader, label.id) || !read_number(reader, label.workspace)) return kCorrupt;
  const std::uint8_t origin = reader.byte();
  const std::uint8_t type = reader.byte();
  const std::uint8_t fields = reader.byte();
  if (origin > static_cast<std::uint8_t>(LabelOrigin::annotation)) return kTooNew;
  if (type > static_cast<std::uint8_t>(LabelType::thumbs_up_down)) return kTooNew;
  label.origin = static_cast<LabelOrigin>(origin);
  label.type = static_cast<LabelType>(type);
  label.allow_notes = (fields & kAllowNotes) != 0;
  label.archived = (fields & kArchived) != 0;
  for (std::string* text : {&label.name, &label.description, &label.project, &label.settings_json})
    *text = reader.text();
  if (!read_rules(reader, label.rules)) return kCorrupt;
  label.created_at = reader.zigzag();
  label.updated_at = reader.zigzag();
  return finished(reader);
}

}  // namespace sluice
