#include "engine/model/source.h"

#include <array>

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 12> kSpellings = {
    "",        "trace",         "span",      "generation", "observation_span", "session",
    "trace_session", "eval_case", "pairwise", "dataset_row", "prototype_run",  "call_execution"};

// Domains of the keyed hash, in the prefix's upper bits; the workspace fills the lower 32.
constexpr std::uint64_t kSourceDomain = std::uint64_t{1} << 56;
constexpr std::uint64_t kTypeTextDomain = std::uint64_t{2} << 56;

[[nodiscard]] constexpr bool is_identifier_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

SourceSpelling canonical(SourceSpelling spelling) noexcept {
  switch (spelling) {
    case SourceSpelling::generation:
    case SourceSpelling::observation_span: return SourceSpelling::span;
    case SourceSpelling::trace_session: return SourceSpelling::session;
    default: return spelling;
  }
}

std::string_view to_string(SourceSpelling spelling) noexcept {
  const auto at = static_cast<std::size_t>(spelling);
  return at < kSpellings.size() ? kSpellings[at] : std::string_view{};
}

SourceSpelling source_spelling(std::string_view text) noexcept {
  const auto is = [text](SourceSpelling spelling) {
    return kSpellings[static_cast<std::size_t>(spelling)] == text ? spelling : SourceSpelling::other;
  };
  switch (text.size()) {  // Nearly every one has a length of its own.
    case 4: return is(SourceSpelling::span);
    case 5: return is(SourceSpelling::trace);
    case 7: return is(SourceSpelling::session);
    case 8: return is(SourceSpelling::pairwise);
    case 9: return is(SourceSpelling::eval_case);
    case 10: return is(SourceSpelling::generation);
    case 11: return is(SourceSpelling::dataset_row);
    case 13: return text.front() == 't' ? is(SourceSpelling::trace_session) : is(SourceSpelling::prototype_run);
    case 14: return is(SourceSpelling::call_execution);
    case 16: return is(SourceSpelling::observation_span);
    default: return SourceSpelling::other;
  }
}

bool is_identifier(std::string_view text) noexcept {
  if (text.empty() || text.size() > limits::kIdentifierBytes) return false;
  for (const char c : text)
    if (!is_identifier_byte(c)) return false;
  return true;
}

std::string_view SourceRef::type() const noexcept {
  return spelling == SourceSpelling::other ? type_text : to_string(spelling);
}

bool same_source(const SourceRef& a, const SourceRef& b) noexcept {
  if (a.id != b.id || canonical(a.spelling) != canonical(b.spelling)) return false;
  return a.spelling != SourceSpelling::other || a.type_text == b.type_text;
}

std::uint64_t source_hash(const KeyedHash& keys, WorkspaceNumber workspace, const SourceRef& source) noexcept {
  if (source.spelling == SourceSpelling::other) [[unlikely]] {
    // Two passes, so that ("ab", "c") and ("a", "bc") are different inputs.
    return keys.hash(keys.hash(kTypeTextDomain | workspace, source.type_text), source.id);
  }
  const auto type = static_cast<std::uint64_t>(canonical(source.spelling));
  return keys.hash(kSourceDomain | type << 32 | workspace, source.id);
}

}  // namespace sluice
