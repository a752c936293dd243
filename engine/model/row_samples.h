#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "engine/model/row.h"

/// Random events for the tests of rows and blocks: every field present and absent, texts that repeat and texts that do
/// not.

namespace sluice::samples {

inline constexpr KeyedHash::Key kHashKey{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6};

struct Sample {
  ScoreRecord record;
  Value value;
  RowContext context;
};

/// Owns the texts of the samples it made.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed), keys_(kHashKey) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

  [[nodiscard]] std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  [[nodiscard]] std::string_view uuid(std::uint64_t variety) {
    Uuid uuid;
    std::mt19937_64 own(below(variety));
    for (std::uint8_t& byte : uuid.bytes) byte = static_cast<std::uint8_t>(own());
    return keep(to_text(uuid));
  }
  /// Any bytes; one in two is a repeat.
  [[nodiscard]] std::string_view text(std::size_t longest) {
    if (chance(50) && !texts_.empty()) {
      const std::string& old = texts_[below(texts_.size())];
      if (old.size() <= longest && !old.empty()) return old;
    }
    std::string made(1 + below(chance(90) ? std::min<std::size_t>(longest, 40) : longest), ' ');
    for (char& c : made) c = static_cast<char>(below(256));
    return keep(std::move(made));
  }
  [[nodiscard]] std::string_view id() {
    switch (below(4)) {
      case 0:
        return uuid(20);
      case 1:
        return uuid(1'000'000'000);
      case 2: {  // Upper case: must not be packed.
        std::string upper(uuid(20));
        upper[0] = 'A';
        return keep(std::move(upper));
      }
      default:
        return text(256);
    }
  }
  [[nodiscard]] SourceRef source() {
    SourceRef source;
    source.spelling = static_cast<SourceSpelling>(below(12));
    if (source.spelling == SourceSpelling::other) source.type_text = text(64);
    source.id = id();
    return source;
  }
  [[nodiscard]] Value value() {
    Value value;
    value.kind = static_cast<Value::Kind>(below(7));
    if (value.kind == Value::Kind::number) value.number = number();
    if (value.kind == Value::Kind::text || value.kind == Value::Kind::failure) value.text = chance(10) ? "" : text(300);
    if (value.kind == Value::Kind::selection) {
      auto& options = selections_.emplace_back();
      for (std::uint64_t count = below(5); count > 0; --count) options.push_back(text(20));
      value.selection = options;
    }
    return value;
  }
  [[nodiscard]] Decimal number() {
    constexpr Decimal kEdges[] = {
        {0, 0},    {INT64_MAX, 0},          {INT64_MIN, 0}, {1, INT16_MAX}, {-1, INT16_MIN},       {1, 308},
        {5, -324}, {99999999999999999, -6}, {7, -5},        {7, -6},        {(1LL << 60) - 1, -1}, {1LL << 60, -1}};
    if (chance(30)) return kEdges[below(std::size(kEdges))];
    return {static_cast<std::int64_t>(below(20001)) - 10000, static_cast<std::int16_t>(-static_cast<int>(below(5)))};
  }
  [[nodiscard]] Hash128 hash128() { return {below(3), below(3)}; }
  [[nodiscard]] WallTime time() {
    constexpr WallTime kEdges[] = {0, -1, INT64_MAX, INT64_MIN, 1LL << 60, -(1LL << 60), 1'700'000'000'123'000'000};
    if (chance(20)) return kEdges[below(std::size(kEdges))];
    const auto since = static_cast<WallTime>(below(10'000'000'000));
    return 1'700'000'000'000'000'000 + (chance(50) ? since : since / 1'000'000 * 1'000'000);
  }

  [[nodiscard]] Sample sample() {
    Sample made;
    ScoreRecord& record = made.record;
    record.kind = static_cast<EventKind>(below(4));
    record.identity = static_cast<IdentityKind>(below(3));
    record.source = source();
    if (chance(30)) record.parent = source();
    record.parent_in_identity = !record.parent.empty() && chance(50);
    record.item = static_cast<std::uint32_t>(below(100'000));
    if (chance(30)) record.verdict = text(100);
    if (chance(30)) record.notes = text(2000);
    record.has_notes = !record.notes.empty() || chance(10);
    if (chance(60)) record.score_source = text(20);
    if (record.identity == IdentityKind::client_id || chance(10)) record.client_id = id().substr(0, 128);
    if (chance(20)) record.queue_item = id();
    if (chance(20)) record.metadata = text(500);
    if (chance(40)) record.event_time = time();
    made.context = {static_cast<WorkspaceNumber>(1 + below(2)),
                    static_cast<AnnotatorNumber>(1 + below(4)),
                    static_cast<DialectCode>(below(4)),
                    static_cast<LabelNumber>(below(chance(5) ? 1'000'000 : 12)),
                    {}};
    if (record.identity == IdentityKind::positional && chance(40)) made.context.idempotency = hash128();
    if (record.kind == EventKind::patch || record.kind == EventKind::erase) {
      record.patch_fields = static_cast<std::uint8_t>(below(16));
      if (chance(50)) record.annotator = static_cast<AnnotatorNumber>(below(100));
      record.target.kind = static_cast<IdentityKind>(below(4));
      switch (record.target.kind) {
        case IdentityKind::positional:
          record.target.origin = {below(UINT64_MAX), static_cast<std::uint16_t>(below(512))};
          break;
        case IdentityKind::client_id:
          if (record.client_id.empty()) record.client_id = "c";
          break;
        case IdentityKind::natural:
          record.target.generation = static_cast<std::uint32_t>(below(4));
          break;
        case IdentityKind::idempotency:
          record.target.idempotency = hash128();
          record.target.item = static_cast<std::uint32_t>(below(10));
          break;
      }
    }
    made.value = value();
    record.source_hash = source_hash(keys_, made.context.workspace, record.source);
    return made;
  }

 private:
  std::mt19937_64 random_;
  KeyedHash keys_;
  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> selections_;
};

inline const KeyedHash kKeys(kHashKey);

/// One number by annotator 1, without texts.
[[nodiscard]] inline Sample plain_sample(Maker& maker, std::string_view source_id) {
  Sample sample;
  sample.record.source = {SourceSpelling::trace, {}, source_id};
  sample.record.score_source = "api";
  sample.context = {1, 1, DialectCode::native, static_cast<LabelNumber>(1 + maker.below(10)), {}};
  sample.record.source_hash = source_hash(kKeys, 1, sample.record.source);
  sample.value.kind = Value::Kind::number;
  sample.value.number = {static_cast<std::int64_t>(1 + maker.below(98)), -2};
  return sample;
}

/// A sealed block and what its builder posted.
struct Built {
  std::string bytes;
  BlockPostings postings;
};

[[nodiscard]] inline Built finish(BlockBuilder& builder) {
  Built built;
  builder.finish(built.bytes, built.postings);
  seal_block(built.bytes, 1'700'000'000'000'000'000, 42);
  return built;
}

}  // namespace sluice::samples
