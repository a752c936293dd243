#include "engine/model/block_builder_state.h"

namespace sluice {
namespace {

[[nodiscard]] std::size_t text_bytes(const ScoreRecord& record, const Value& value, std::size_t per_option) noexcept {
  std::size_t bytes = record.source.id.size() + record.source.type_text.size() + record.parent.id.size() +
                      record.parent.type_text.size() + record.verdict.size() + record.notes.size() +
                      record.score_source.size() + record.client_id.size() + record.queue_item.size() +
                      record.metadata.size() + value.text.size();
  for (const std::string_view option : value.selection) bytes += option.size() + per_option;
  return bytes;
}

[[nodiscard]] bool has_target(EventKind kind) noexcept { return kind == EventKind::patch || kind == EventKind::erase; }

[[nodiscard]] std::uint32_t shape_of(const ScoreRecord& record, const Value& value,
                                     const RowContext& context) noexcept {
  IdentityKind identity = record.identity;
  if (identity == IdentityKind::positional && context.idempotency) identity = IdentityKind::idempotency;
  std::uint32_t bits = static_cast<std::uint32_t>(record.kind) << shape::kKindAt |
                       static_cast<std::uint32_t>(identity) << shape::kIdentityAt |
                       static_cast<std::uint32_t>(value.kind) << shape::kValueAt |
                       (record.patch_fields & 0xFu) << shape::kPatchFieldsAt |
                       static_cast<std::uint32_t>(context.dialect) << shape::kDialectAt;
  if (record.has_notes || !record.notes.empty()) bits |= shape::kNotes;
  if (!record.parent.empty()) bits |= shape::kParent;
  if (!record.verdict.empty()) bits |= shape::kVerdict;
  if (!record.client_id.empty()) bits |= shape::kClientId;
  if (!record.queue_item.empty()) bits |= shape::kQueueItem;
  if (!record.metadata.empty()) bits |= shape::kMetadata;
  if (record.event_time) bits |= shape::kEventTime;
  if (context.idempotency) bits |= shape::kIdempotency;
  if (record.parent_in_identity) bits |= shape::kParentInIdentity;
  if (has_target(record.kind)) bits |= static_cast<std::uint32_t>(record.target.kind) << shape::kTargetAt;
  return bits;
}

}  // namespace

BlockBuilder::BlockBuilder(const KeyedHash& keys) : state_(std::make_unique<State>(keys)) {}
BlockBuilder::~BlockBuilder() = default;

std::uint16_t BlockBuilder::add(const ScoreRecord& record, const Value& value, const RowContext& context) {
  State& state = *state_;
  SLUICE_CHECK(state.row_offsets.size() < limits::kBlockRows);
  state.reserve(state.size + State::kRowOverhead + text_bytes(record, value, State::kVarintBytes));
  const auto slot = static_cast<std::uint16_t>(state.row_offsets.size());
  const std::uint32_t bits = shape_of(record, value, context);
  const auto spelling_of = [](const SourceRef& source) noexcept { return static_cast<unsigned>(source.spelling); };
  const State::ProfileKey key{
      bits,
      static_cast<std::uint16_t>(spelling_of(record.source) | spelling_of(record.parent) << 8),
      context.workspace,
      record.annotator.value_or(context.annotator),
      context.label,
      record.score_source,
      record.source.spelling == SourceSpelling::other ? record.source.type_text : std::string_view{},
      record.parent.spelling == SourceSpelling::other ? record.parent.type_text : std::string_view{}};

  char* at = state.buffer.get() + state.size;
  const std::size_t profile = state.profile_of(at, key);
  state.row_offsets.push_back(static_cast<std::uint32_t>(at - state.buffer.get()));
  at = format::write_varint(at, profile);
  at = state.put_id(at, record.source.id, record.source_hash);
  std::uint64_t parent_hash = 0;
  if ((bits & shape::kParent) != 0) {
    parent_hash = source_hash(state.keys, context.workspace, record.parent);
    at = state.put_id(at, record.parent.id, parent_hash);
  }
  at = state.put_value(at, value);
  if ((bits & shape::kVerdict) != 0) at = state.put_text(at, record.verdict);
  if ((bits & shape::kNotes) != 0) at = state.put_text(at, record.notes);
  if ((bits & shape::kClientId) != 0) at = State::put_unique_id(at, record.client_id);
  if ((bits & shape::kQueueItem) != 0) at = state.put_id(at, record.queue_item, State::content_hash(record.queue_item));
  if ((bits & shape::kMetadata) != 0) at = state.put_text(at, record.metadata);
  if ((bits & shape::kEventTime) != 0) at = state.put_event_time(at, *record.event_time);
  if ((bits & shape::kIdempotency) != 0) {
    at = state.put_hash128(at, *context.idempotency);
    at = format::write_varint(at, record.item);
  }
  if (has_target(record.kind)) at = state.put_target(at, record.target);
  state.size = static_cast<std::size_t>(at - state.buffer.get());
  SLUICE_CHECK(state.size <= state.capacity);
  state.post(record, key, slot, parent_hash);
  return slot;
}

std::size_t BlockBuilder::rows() const noexcept { return state_->row_offsets.size(); }
std::size_t BlockBuilder::bytes() const noexcept { return state_->bytes(); }
bool BlockBuilder::full() const noexcept { return rows() >= limits::kBlockRows || bytes() >= limits::kBlockBytes; }

bool BlockBuilder::fits(std::size_t more_rows, std::size_t more_bytes) const noexcept {
  if (rows() == 0) return more_rows <= limits::kBlockRows;  // Bytes are the caller's limit: a block holds any batch.
  return rows() + more_rows <= limits::kBlockRows && bytes() + more_bytes <= limits::kBlockBytes;
}

void BlockBuilder::finish(std::string& bytes, BlockPostings& postings) {
  State& state = *state_;
  const bool wide = state.size > 0xFFFF;
  const std::size_t width = wide ? 4 : 2;
  const std::size_t total = state.bytes();
  state.reserve(total);
  char* const begin = state.buffer.get();
  begin[0] = format::kMagic;
  begin[format::kVersionAt] = static_cast<char>(format::kVersion);
  begin[format::kFlagsAt] = static_cast<char>(wide ? format::kWideOffsets : 0);
  format::store(begin + format::kRowsAt, static_cast<std::uint16_t>(state.row_offsets.size()));
  format::store(begin + format::kProfilesAt, static_cast<std::uint16_t>(state.profile_offsets.size()));
  format::store(begin + format::kEventBaseAt, state.has_event_base ? state.event_base : WallTime{0});
  char* at = begin + state.size;
  for (const auto* offsets : {&state.row_offsets, &state.profile_offsets}) {
    for (const std::uint32_t offset : *offsets) {
      std::memcpy(at, &offset, width);  // Little endian: the low bytes come first.
      at += width;
    }
  }
  std::memset(at, 0, format::kChecksumBytes);
  // Copied out at their exact size: what leaves lives in the hot index, what stays is reused.
  bytes.assign(begin, total);
  postings.by_source.assign(state.postings.by_source.begin(), state.postings.by_source.end());
  postings.by_client_id.assign(state.postings.by_client_id.begin(), state.postings.by_client_id.end());
  postings.by_annotator.assign(state.postings.by_annotator.begin(), state.postings.by_annotator.end());
  postings.by_workspace.assign(state.postings.by_workspace.begin(), state.postings.by_workspace.end());
  state.start();
}

void seal_block(std::string& bytes, WallTime inserted_at, std::uint64_t sequence) noexcept {
  SLUICE_CHECK(bytes.size() >= format::kHeaderBytes + format::kChecksumBytes);
  format::store(bytes.data() + format::kSequenceAt, sequence);
  format::store(bytes.data() + format::kInsertedAt, inserted_at);
  const std::size_t body = bytes.size() - format::kChecksumBytes;
  format::store(bytes.data() + body, static_cast<std::uint64_t>(XXH3_64bits(bytes.data(), body)));
}

}  // namespace sluice
