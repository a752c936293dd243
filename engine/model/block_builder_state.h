#pragma once

#include <array>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/base/limits.h"
#include "engine/model/block_format.h"
#include "engine/model/row.h"

/// The inside of a BlockBuilder: the bytes so far, the profiles and the texts that later rows may refer back to.
/// Included by block_builder.cc only.

namespace sluice {

namespace format = block_format;
namespace shape = block_format::shape;

/// One block in the making. All memory is kept from block to block: a steady stream allocates only in finish().
struct BlockBuilder::State {
  // Texts of these sizes are looked up, so that a repeat costs 1 to 3 bytes. Shorter ones gain nothing, longer ones are
  // hardly ever the same and cost a hash. Ids are looked up at any size: their hash is there already, or they are few.
  static constexpr std::size_t kInternedMin = 4;
  static constexpr std::size_t kInternedMax = 128;
  // Two-way table of the texts seen in this block. Halved: more repeats are written out again. Doubled: 32 KiB, the L1
  // cache.
  static constexpr std::size_t kTextSlots = 2048;
  static constexpr std::size_t kProfileSlots = 2048;  // Four times the profiles a block can have.
  static_assert(kProfileSlots >= 4 * limits::kBlockRows);
  static constexpr std::size_t kVarintBytes = 10;
  // Everything of a row and its profile but the texts' own bytes: fewer than 32 varints of 10 bytes.
  static constexpr std::size_t kRowOverhead = 512;

  [[nodiscard]] static std::uint64_t content_hash(std::string_view text) noexcept {
    return XXH3_64bits(text.data(), text.size());
  }

  struct Profile {
    std::uint32_t shape = 0;
    std::uint16_t spellings = 0;
    WorkspaceNumber workspace = 0;
    AnnotatorNumber annotator = 0;
    LabelNumber label = 0;
    std::string score_source;
    std::string source_type;
    std::string parent_type;
  };
  struct Seen {
    std::uint32_t tag = 0;
    std::uint32_t offset = 0;  // 0: free; no text stands in the header.
  };

  explicit State(const KeyedHash& hash) : keys(hash), profiles(limits::kBlockRows) {
    row_offsets.reserve(limits::kBlockRows);
    profile_offsets.reserve(limits::kBlockRows);
    reserve(limits::kBlockBytes + 4096);
    start();
  }

  void start() noexcept {
    size = format::kHeaderBytes;
    std::memset(buffer.get(), 0, format::kHeaderBytes);
    row_offsets.clear();
    profile_offsets.clear();
    seen.fill(Seen{});
    profile_index.fill(0);
    postings.clear();
    has_event_base = false;
  }

  void reserve(std::size_t wanted) {
    if (wanted <= capacity) return;
    const std::size_t grown = std::max(wanted, capacity * 2);
    auto bigger = std::make_unique_for_overwrite<char[]>(grown);
    if (size != 0) std::memcpy(bigger.get(), buffer.get(), size);
    buffer = std::move(bigger);
    capacity = grown;
  }

  [[nodiscard]] std::size_t bytes() const noexcept {
    const std::size_t width = size > 0xFFFF ? 4 : 2;
    return size + width * (row_offsets.size() + profile_offsets.size()) + format::kChecksumBytes;
  }

  // Each put_… writes at `at` (room was reserved for the whole row) and returns where it ended.

  static char* put_inline(char* at, std::string_view text) noexcept {
    at = format::write_varint(at, (text.size() + 1) << 1);
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }

  /// The text's earlier place in this block, or 0 after noting that it now stands at `at`. `same` compares with a
  /// place.
  template <class Same>
  std::uint32_t find_or_note(const char* at, std::uint64_t hash, const Same& same) noexcept {
    const auto tag = static_cast<std::uint32_t>(hash);
    const std::size_t slot = (hash >> 40) & (kTextSlots - 1);
    Seen& first = seen[slot];
    Seen& second = seen[slot ^ 1];
    if (first.offset != 0 && first.tag == tag && same(buffer.get() + first.offset)) return first.offset;
    if (second.offset != 0 && second.tag == tag && same(buffer.get() + second.offset)) return second.offset;
    Seen& victim = first.offset != 0 && second.offset == 0 ? second : first;
    victim = {tag, static_cast<std::uint32_t>(at - buffer.get())};
    return 0;
  }

  [[nodiscard]] char* put_reference(char* at, std::uint32_t offset) const noexcept {
    const auto distance = static_cast<std::uint64_t>(at - buffer.get()) - offset;
    return format::write_varint(at, distance << 1 | 1);
  }

  char* put_interned(char* at, std::string_view text, std::uint64_t hash) noexcept {
    std::array<char, kVarintBytes> head;
    const auto head_bytes =
        static_cast<std::size_t>(format::write_varint(head.data(), (text.size() + 1) << 1) - head.data());
    // What stands at an earlier place was written by put_inline or put_packed, so its first bytes tell its length and
    // the comparison stays inside the block: the text is compared only behind an equal length.
    const std::uint32_t earlier = find_or_note(at, hash, [&](const char* place) noexcept {
      return std::memcmp(place, head.data(), head_bytes) == 0 &&
             std::memcmp(place + head_bytes, text.data(), text.size()) == 0;
    });
    return earlier != 0 ? put_reference(at, earlier) : put_inline(at, text);
  }

  char* put_text(char* at, std::string_view text) noexcept {
    if (text.size() < kInternedMin || text.size() > kInternedMax) return put_inline(at, text);
    return put_interned(at, text, content_hash(text));
  }

  static char* put_packed(char* at, const Uuid& uuid) noexcept {
    *at = 0;
    std::memcpy(at + 1, uuid.bytes.data(), uuid.bytes.size());
    return at + 1 + uuid.bytes.size();
  }

  /// An id that others of the block may repeat; `hash` is any good hash of it.
  char* put_id(char* at, std::string_view id, std::uint64_t hash) noexcept {
    if (id.size() == 36) {
      if (const std::optional<Uuid> uuid = parse_canonical_uuid(id)) {
        const std::uint32_t earlier = find_or_note(at, hash, [&](const char* place) noexcept {
          return *place == 0 && std::memcmp(place + 1, uuid->bytes.data(), uuid->bytes.size()) == 0;
        });
        return earlier != 0 ? put_reference(at, earlier) : put_packed(at, *uuid);
      }
    }
    if (id.size() < kInternedMin) return put_inline(at, id);
    return put_interned(at, id, hash);
  }

  /// An id that is unique: not worth a place in the table.
  static char* put_unique_id(char* at, std::string_view id) noexcept {
    if (id.size() == 36)
      if (const std::optional<Uuid> uuid = parse_canonical_uuid(id)) return put_packed(at, *uuid);
    return put_inline(at, id);
  }

  static char* put_number(char* at, const Decimal& number) noexcept {
    const std::uint64_t mantissa = format::zigzag(number.mantissa);
    if (mantissa >> 61 != 0) {
      at = format::write_varint(at, format::kMantissaFollows);
      at = format::write_varint(at, mantissa);
      return format::write_varint(at, format::zigzag(number.exponent));
    }
    if (number.exponent <= 0 && number.exponent > -6)
      return format::write_varint(at, mantissa << 3 | static_cast<std::uint64_t>(-number.exponent));
    at = format::write_varint(at, mantissa << 3 | format::kExponentFollows);
    return format::write_varint(at, format::zigzag(number.exponent));
  }

  char* put_value(char* at, const Value& value) noexcept {
    switch (value.kind) {
      case Value::Kind::number:
        return put_number(at, value.number);
      case Value::Kind::text:
      case Value::Kind::failure:
        return put_text(at, value.text);
      case Value::Kind::selection:
        at = format::write_varint(at, value.selection.size());
        for (const std::string_view option : value.selection) at = put_text(at, option);
        return at;
      case Value::Kind::none:
      case Value::Kind::thumb_up:
      case Value::Kind::thumb_down:
        return at;
    }
    return at;
  }

  char* put_event_time(char* at, WallTime time) noexcept {
    if (!has_event_base) {
      has_event_base = true;
      event_base = time;
    }
    // The times of one block are close together, mostly whole milli- or microseconds apart.
    const std::int64_t since =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(event_base));
    if (since >= std::int64_t{1} << 60 || since <= -(std::int64_t{1} << 60)) {
      at = format::write_varint(at, format::kTimeFollows);
      return format::write_varint(at, static_cast<std::uint64_t>(time));
    }
    std::uint64_t unit = 2;
    while (since % format::kTimeUnits[unit] != 0) --unit;
    return format::write_varint(at, format::zigzag(since / format::kTimeUnits[unit]) << 2 | unit);
  }

  char* put_hash128(char* at, const Hash128& hash) noexcept {
    std::array<char, 16> bytes;
    format::store(bytes.data(), __builtin_bswap64(hash.high));
    format::store(bytes.data() + 8, __builtin_bswap64(hash.low));
    return put_interned(at, {bytes.data(), bytes.size()}, hash.low);
  }

  char* put_target(char* at, const TargetIdentity& target) noexcept {
    switch (target.kind) {
      case IdentityKind::positional:
        at = format::write_varint(at, target.origin.block);
        return format::write_varint(at, target.origin.slot);
      case IdentityKind::client_id:
        return at;  // The row's client id is the target's.
      case IdentityKind::natural:
        return format::write_varint(at, target.generation);
      case IdentityKind::idempotency:
        at = put_hash128(at, target.idempotency);
        return format::write_varint(at, target.item);
    }
    return at;
  }

  struct ProfileKey {
    std::uint32_t shape;
    std::uint16_t spellings;
    WorkspaceNumber workspace;
    AnnotatorNumber annotator;
    LabelNumber label;
    std::string_view score_source;
    std::string_view source_type;
    std::string_view parent_type;

    [[nodiscard]] std::uint64_t hash() const noexcept {
      constexpr std::uint64_t kMix = 0x9E37'79B9'7F4A'7C15;
      std::uint64_t h = (static_cast<std::uint64_t>(label) << 32 | annotator) * kMix;
      h ^= (static_cast<std::uint64_t>(shape) << 32 | workspace) + spellings;
      if (!score_source.empty()) h ^= content_hash(score_source);
      if (!source_type.empty()) h ^= content_hash(source_type) * 3;
      if (!parent_type.empty()) h ^= content_hash(parent_type) * 5;
      h ^= h >> 32;
      return h * kMix >> 40;
    }
    [[nodiscard]] bool is(const Profile& p) const noexcept {
      return p.shape == shape && p.label == label && p.annotator == annotator && p.workspace == workspace &&
             p.spellings == spellings && p.score_source == score_source && p.source_type == source_type &&
             p.parent_type == parent_type;
    }
  };

  /// The profile's index, writing the profile at `at` (moved on) when the block does not have it yet.
  std::size_t profile_of(char*& at, const ProfileKey& key) {
    std::size_t slot = key.hash() & (kProfileSlots - 1);
    while (profile_index[slot] != 0) {
      const std::size_t index = profile_index[slot] - 1u;
      if (key.is(profiles[index])) return index;
      slot = (slot + 1) & (kProfileSlots - 1);
    }
    const std::size_t index = profile_offsets.size();
    profile_index[slot] = static_cast<std::uint16_t>(index + 1);
    profile_offsets.push_back(static_cast<std::uint32_t>(at - buffer.get()));
    Profile& profile = profiles[index];
    profile.shape = key.shape;
    profile.spellings = key.spellings;
    profile.workspace = key.workspace;
    profile.annotator = key.annotator;
    profile.label = key.label;
    profile.score_source = key.score_source;
    profile.source_type = key.source_type;
    profile.parent_type = key.parent_type;

    at = format::write_varint(at, key.shape);
    at = format::write_varint(at, key.workspace);
    at = format::write_varint(at, key.annotator);
    at = format::write_varint(at, key.label);
    at = put_text(at, key.score_source);
    *at++ = static_cast<char>(key.spellings & 0xFF);
    if (static_cast<SourceSpelling>(key.spellings & 0xFF) == SourceSpelling::other) at = put_text(at, key.source_type);
    if ((key.shape & shape::kParent) != 0) {
      *at++ = static_cast<char>(key.spellings >> 8);
      if (static_cast<SourceSpelling>(key.spellings >> 8) == SourceSpelling::other) at = put_text(at, key.parent_type);
    }
    return index;
  }

  void post(const ScoreRecord& record, const ProfileKey& key, std::uint16_t slot, std::uint64_t parent_hash) {
    postings.by_source.push_back({record.source_hash, slot, false});
    if (!record.parent.empty()) postings.by_source.push_back({parent_hash, slot, true});
    if (record.kind == EventKind::source) return;
    if (!record.client_id.empty())
      postings.by_client_id.push_back({client_id_hash(keys, key.workspace, record.client_id), slot, false});
    postings.by_annotator.push_back({key.annotator, slot});
    postings.by_workspace.push_back({key.workspace, slot});
  }

  const KeyedHash& keys;
  std::unique_ptr<char[]> buffer;
  std::size_t size = 0;
  std::size_t capacity = 0;
  std::vector<std::uint32_t> row_offsets;
  std::vector<std::uint32_t> profile_offsets;
  std::vector<Profile> profiles;
  std::array<Seen, kTextSlots> seen;
  std::array<std::uint16_t, kProfileSlots> profile_index;
  BlockPostings postings;
  WallTime event_base = 0;
  bool has_event_base = false;
};

}  // namespace sluice
