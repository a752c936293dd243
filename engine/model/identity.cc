#include <array>

#include "engine/model/block_format.h"
#include "engine/model/row.h"

namespace sluice {
namespace {

using block_format::store;

// Domains of the keyed hash (source.cc has 1 and 2).
constexpr std::uint64_t kClientIdDomain = std::uint64_t{3} << 56;
constexpr std::uint64_t kIdentityDomain = std::uint64_t{4} << 56;
constexpr std::uint64_t kParentDomain = std::uint64_t{5} << 56;
constexpr std::uint64_t kQueueItemDomain = std::uint64_t{6} << 56;
constexpr std::uint64_t kTextDomain = std::uint64_t{7} << 56;

/// What a set's own fields say; identity_of both for rows and for records.
void fill_set(IdentityKey& key, Position own, std::uint32_t generation, const std::optional<Hash128>& idempotency,
              std::uint32_t item) noexcept {
  if (key.kind == IdentityKind::positional) key.origin = own;
  if (key.kind == IdentityKind::natural) key.generation = generation;
  if (key.kind == IdentityKind::idempotency) {
    key.idempotency = idempotency.value_or(Hash128{});
    key.item = item;
  }
}

void fill_target(IdentityKey& key, const TargetIdentity& target) noexcept {
  key.kind = target.kind;
  if (key.kind == IdentityKind::positional) key.origin = target.origin;
  if (key.kind == IdentityKind::natural) key.generation = target.generation;
  if (key.kind == IdentityKind::idempotency) {
    key.idempotency = target.idempotency;
    key.item = target.item;
  }
}

[[nodiscard]] bool is_targeted(EventKind kind) noexcept { return kind == EventKind::patch || kind == EventKind::erase; }

}  // namespace

void BlockPostings::clear() noexcept {
  by_source.clear();
  by_client_id.clear();
  by_annotator.clear();
  by_workspace.clear();
}

std::uint64_t client_id_hash(const KeyedHash& keys, WorkspaceNumber workspace, std::string_view client_id) noexcept {
  return keys.hash(kClientIdDomain | workspace, client_id);
}

bool operator==(const IdentityKey& a, const IdentityKey& b) noexcept {
  if (a.kind != b.kind || a.workspace != b.workspace) return false;
  if (!same_source(a.source, b.source) || a.parent_id != b.parent_id) return false;
  switch (a.kind) {
    case IdentityKind::positional:
      return a.origin == b.origin;
    case IdentityKind::client_id:
      return a.client_id == b.client_id;
    case IdentityKind::natural:
      return a.label == b.label && a.annotator == b.annotator && a.generation == b.generation &&
             a.queue_item == b.queue_item;
    case IdentityKind::idempotency:
      return a.idempotency == b.idempotency && a.item == b.item;
  }
  return false;
}

IdentityKey identity_of(const Row& row, Position own, std::uint32_t generation) noexcept {
  IdentityKey key;
  key.kind = row.identity;
  key.workspace = row.workspace;
  key.source = row.source;
  if (row.parent_in_identity) key.parent_id = row.parent.id;
  key.client_id = row.client_id;
  key.label = row.label;
  key.annotator = row.annotator;
  key.queue_item = row.queue_item;
  if (is_targeted(row.kind)) {
    fill_target(key, row.target);
  } else {
    fill_set(key, own, generation, row.idempotency, row.item);
  }
  return key;
}

IdentityKey identity_of(const ScoreRecord& record, const RowContext& context, Position own,
                        std::uint32_t generation) noexcept {
  IdentityKey key;
  key.kind = record.identity;
  if (key.kind == IdentityKind::positional && context.idempotency) key.kind = IdentityKind::idempotency;
  key.workspace = context.workspace;
  key.source = record.source;
  if (record.parent_in_identity) key.parent_id = record.parent.id;
  key.client_id = record.client_id;
  key.label = context.label;
  key.annotator = record.annotator.value_or(context.annotator);
  key.queue_item = record.queue_item;
  if (is_targeted(record.kind)) {
    fill_target(key, record.target);
  } else {
    fill_set(key, own, generation, context.idempotency, record.item);
  }
  return key;
}

Uuid score_id(const KeyedHash& keys, std::uint64_t source_hash, const IdentityKey& identity) {
  // Workspace and source are in source_hash. Texts enter through a hash of their own, so that two neighbouring texts
  // can never run into each other.
  std::uint64_t prefix = kIdentityDomain | static_cast<std::uint64_t>(identity.kind) << 48;
  if (!identity.parent_id.empty()) prefix ^= keys.hash(kParentDomain, identity.parent_id);
  std::array<char, 20> bytes{};
  std::size_t size = 0;
  switch (identity.kind) {
    case IdentityKind::positional:
      store(bytes.data(), identity.origin.block);
      store(bytes.data() + 8, identity.origin.slot);
      size = 10;
      break;
    case IdentityKind::client_id:
      store(bytes.data(), keys.hash(kTextDomain, identity.client_id));
      size = 8;
      break;
    case IdentityKind::natural:
      store(bytes.data(), identity.label);
      store(bytes.data() + 4, identity.annotator);
      store(bytes.data() + 8, identity.generation);
      store(bytes.data() + 12, identity.queue_item.empty() ? 0 : keys.hash(kQueueItemDomain, identity.queue_item));
      size = 20;
      break;
    case IdentityKind::idempotency:
      store(bytes.data(), identity.idempotency.high);
      store(bytes.data() + 8, identity.idempotency.low);
      store(bytes.data() + 16, identity.item);
      size = 20;
      break;
  }
  const std::uint64_t own = keys.hash(prefix, {bytes.data(), size});

  // UUIDv8 leaves 122 bits: 48 before the version, 12 after it, 62 after the variant.
  const std::uint64_t high = (source_hash >> 16) << 16 | std::uint64_t{8} << 12 | (source_hash >> 4 & 0xFFF);
  const std::uint64_t low = std::uint64_t{2} << 62 | (source_hash & 0xF) << 58 | own >> 6;
  std::array<char, 16> text;
  store(text.data(), __builtin_bswap64(high));
  store(text.data() + 8, __builtin_bswap64(low));
  return Uuid::from_bytes({text.data(), text.size()});
}

std::optional<std::uint64_t> source_hash_of(const Uuid& score_id) noexcept {
  const std::string_view bytes = score_id.view();
  const std::uint64_t high = load_u64_be(bytes.data());
  const std::uint64_t low = load_u64_be(bytes.data() + 8);
  if ((high >> 12 & 0xF) != 8 || low >> 62 != 2) return std::nullopt;
  return (high >> 16) << 16 | (high & 0xFFF) << 4 | (low >> 58 & 0xF);
}

}  // namespace sluice
