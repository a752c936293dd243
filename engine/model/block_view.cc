#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/model/block_format.h"
#include "engine/model/row.h"

namespace sluice {

namespace format = block_format;
namespace shape = block_format::shape;
using format::Cursor;

namespace {

constexpr Error kCorrupt{Errc::corrupt, 0, "block"};
constexpr Error kTooNew{Errc::format_too_new, 0, "block"};
// A row has at most four packed ids: source, parent, client id, queue item.
constexpr std::size_t kUnpackedBytes = 4 * 36;

/// Where things stand in a block whose header was checked.
struct Layout {
  const char* begin;
  const char* tables;  // Row offsets, then profile offsets; also the end of the rows.
  std::size_t width;
  std::uint16_t rows;
  std::uint16_t profiles;

  explicit Layout(std::string_view bytes) noexcept
      : begin(bytes.data()),
        width((bytes[format::kFlagsAt] & format::kWideOffsets) != 0 ? 4 : 2),
        rows(format::load<std::uint16_t>(begin + format::kRowsAt)),
        profiles(format::load<std::uint16_t>(begin + format::kProfilesAt)) {
    // Only after open() is this inside the block.
    tables = begin + bytes.size() - format::kChecksumBytes - width * (std::size_t{rows} + profiles);
  }
  [[nodiscard]] std::size_t offset(std::size_t entry) const noexcept {
    return width == 4 ? format::load<std::uint32_t>(tables + entry * 4)
                      : format::load<std::uint16_t>(tables + entry * 2);
  }
  [[nodiscard]] bool is_inside(std::size_t offset) const noexcept {
    return offset >= format::kHeaderBytes && offset < static_cast<std::size_t>(tables - begin);
  }
};

/// Reads the texts of one row or profile.
class TextReader {
 public:
  TextReader(const Layout& layout, std::size_t offset, std::string& unpacked) noexcept
      : begin_(layout.begin + format::kHeaderBytes),
        cursor_(layout.begin + offset, layout.tables),
        unpacked_(unpacked) {}

  [[nodiscard]] Cursor& cursor() noexcept { return cursor_; }
  [[nodiscard]] bool failed() const noexcept { return cursor_.failed(); }

  [[nodiscard]] std::string_view text() {
    const char* const place = cursor_.at();
    const std::uint64_t head = cursor_.varint();
    if ((head & 1) == 0) return standing(cursor_, head, false);
    return referred(place, head >> 1, false);
  }
  /// As text(), and a packed UUID is unpacked.
  [[nodiscard]] std::string_view id() {
    const char* const place = cursor_.at();
    const std::uint64_t head = cursor_.varint();
    if ((head & 1) == 0) return standing(cursor_, head, true);
    return referred(place, head >> 1, true);
  }

 private:
  [[nodiscard]] std::string_view standing(Cursor& cursor, std::uint64_t head, bool packed_allowed) {
    if (head != 0) return cursor.bytes((head >> 1) - 1);
    const std::string_view bytes = cursor.bytes(16);
    if (!packed_allowed || cursor.failed()) {
      cursor.fail();
      return {};
    }
    const std::size_t before = unpacked_.size();
    append_uuid(unpacked_, Uuid::from_bytes(bytes));
    return std::string_view(unpacked_).substr(before);
  }
  /// A reference leads back to a text that stands in the block itself: one step, never a chain.
  [[nodiscard]] std::string_view referred(const char* place, std::uint64_t distance, bool packed_allowed) {
    if (distance == 0 || distance > static_cast<std::uint64_t>(place - begin_)) {
      cursor_.fail();
      return {};
    }
    Cursor there(place - distance, place);
    const std::uint64_t head = there.varint();
    std::string_view text;
    if ((head & 1) == 0 && !there.failed()) {
      text = standing(there, head, packed_allowed);
    } else {
      there.fail();
    }
    if (there.failed()) cursor_.fail();
    return text;
  }

  const char* begin_;
  Cursor cursor_;
  std::string& unpacked_;
};

[[nodiscard]] Decimal read_number(Cursor& cursor) noexcept {
  const std::uint64_t head = cursor.varint();
  const std::uint64_t tag = head & 7;
  Decimal number;
  if (tag < format::kExponentFollows) {
    number.mantissa = format::unzigzag(head >> 3);
    number.exponent = static_cast<std::int16_t>(-static_cast<int>(tag));
    return number;
  }
  number.mantissa = format::unzigzag(tag == format::kMantissaFollows ? cursor.varint() : head >> 3);
  const std::int64_t exponent = format::unzigzag(cursor.varint());
  if (exponent != static_cast<std::int16_t>(exponent)) cursor.fail();
  number.exponent = static_cast<std::int16_t>(exponent);
  return number;
}

[[nodiscard]] WallTime read_event_time(Cursor& cursor, const char* begin) noexcept {
  const std::uint64_t head = cursor.varint();
  const std::uint64_t unit = head & 3;
  if (unit == format::kTimeFollows) return static_cast<WallTime>(cursor.varint());
  const auto base = format::load<std::uint64_t>(begin + format::kEventBaseAt);
  const auto since = static_cast<std::uint64_t>(format::unzigzag(head >> 2));
  // Unsigned: wraps instead of overflowing on bytes nobody wrote.
  return static_cast<WallTime>(base + since * static_cast<std::uint64_t>(format::kTimeUnits[unit]));
}

[[nodiscard]] Hash128 read_hash128(TextReader& reader) {
  const std::string_view bytes = reader.text();
  if (bytes.size() != 16) {
    reader.cursor().fail();
    return {};
  }
  return {load_u64_be(bytes.data()), load_u64_be(bytes.data() + 8)};
}

void read_selection(TextReader& reader, Value& value, std::vector<std::string_view>& selection) {
  Cursor& cursor = reader.cursor();
  const std::uint64_t count = cursor.varint();
  if (count > cursor.left()) return cursor.fail();  // Each takes a byte at least.
  for (std::uint64_t i = 0; i < count && !cursor.failed(); ++i) selection.push_back(reader.text());
  value.selection = selection;
}

void read_target(TextReader& reader, TargetIdentity& target) {
  Cursor& cursor = reader.cursor();
  switch (target.kind) {
    case IdentityKind::positional: {
      target.origin.block = cursor.varint();
      const std::uint64_t slot = cursor.varint();
      if (slot > 0xFFFF) cursor.fail();
      target.origin.slot = static_cast<std::uint16_t>(slot);
      return;
    }
    case IdentityKind::client_id:
      return;
    case IdentityKind::natural:
      target.generation = cursor.varint32();
      return;
    case IdentityKind::idempotency:
      target.idempotency = read_hash128(reader);
      target.item = cursor.varint32();
      return;
  }
}

[[nodiscard]] bool read_spelling(TextReader& reader, SourceRef& source) {
  const std::uint8_t spelling = reader.cursor().byte();
  if (spelling > static_cast<std::uint8_t>(SourceSpelling::call_execution)) return false;
  source.spelling = static_cast<SourceSpelling>(spelling);
  if (source.spelling == SourceSpelling::other) source.type_text = reader.text();
  return true;
}

/// Fills what a profile says; the shape is returned for what the row itself says.
[[nodiscard]] Result<void> read_profile(TextReader reader, Row& row, std::uint32_t& bits) {
  Cursor& cursor = reader.cursor();
  bits = cursor.varint32();
  const std::uint32_t value_kind = bits >> shape::kValueAt & 7;
  const std::uint32_t dialect = bits >> shape::kDialectAt & 0xFF;
  if (bits >> shape::kBits != 0 || value_kind > static_cast<std::uint32_t>(Value::Kind::failure) ||
      dialect > static_cast<std::uint32_t>(kLastDialect))
    return kTooNew;
  row.kind = static_cast<EventKind>(bits >> shape::kKindAt & 3);
  row.identity = static_cast<IdentityKind>(bits >> shape::kIdentityAt & 3);
  row.value.kind = static_cast<Value::Kind>(value_kind);
  row.patch_fields = static_cast<std::uint8_t>(bits >> shape::kPatchFieldsAt & 0xF);
  row.target.kind = static_cast<IdentityKind>(bits >> shape::kTargetAt & 3);
  row.dialect = static_cast<DialectCode>(dialect);
  row.parent_in_identity = (bits & shape::kParentInIdentity) != 0;
  row.has_notes = (bits & shape::kNotes) != 0;
  row.workspace = cursor.varint32();
  row.annotator = cursor.varint32();
  row.label = cursor.varint32();
  row.score_source = reader.text();
  if (!read_spelling(reader, row.source)) return kTooNew;
  if ((bits & shape::kParent) != 0 && !read_spelling(reader, row.parent)) return kTooNew;
  return reader.failed() ? Result<void>(kCorrupt) : Result<void>();
}

void read_value(TextReader& reader, Value& value, RowScratch& scratch) {
  switch (value.kind) {
    case Value::Kind::number:
      value.number = read_number(reader.cursor());
      return;
    case Value::Kind::text:
    case Value::Kind::failure:
      value.text = reader.text();
      return;
    case Value::Kind::selection:
      read_selection(reader, value, scratch.selection);
      return;
    case Value::Kind::none:
    case Value::Kind::thumb_up:
    case Value::Kind::thumb_down:
      return;
  }
}

[[nodiscard]] Result<void> check_structure(std::string_view bytes) noexcept {
  if (bytes.size() < format::kHeaderBytes + format::kChecksumBytes || bytes[0] != format::kMagic) return kCorrupt;
  const auto version = static_cast<std::uint8_t>(bytes[format::kVersionAt]);
  if (version > format::kVersion) return kTooNew;
  if (version == 0) return kCorrupt;
  const std::size_t entries = std::size_t{format::load<std::uint16_t>(bytes.data() + format::kRowsAt)} +
                              format::load<std::uint16_t>(bytes.data() + format::kProfilesAt);
  const std::size_t width = (bytes[format::kFlagsAt] & format::kWideOffsets) != 0 ? 4 : 2;
  if (entries * width > bytes.size() - format::kHeaderBytes - format::kChecksumBytes) return kCorrupt;
  return {};
}

}  // namespace

Result<BlockView> BlockView::open_trusted(std::string_view bytes) noexcept {
  if (const Result<void> structure = check_structure(bytes); !structure) return structure.error();
  BlockView view;
  view.bytes_ = bytes;
  view.rows_ = format::load<std::uint16_t>(bytes.data() + format::kRowsAt);
  return view;
}

Result<BlockView> BlockView::open(std::string_view bytes) noexcept {
  Result<BlockView> view = open_trusted(bytes);
  if (!view) return view;
  const std::size_t body = bytes.size() - format::kChecksumBytes;
  if (format::load<std::uint64_t>(bytes.data() + body) != XXH3_64bits(bytes.data(), body))
    return Error{Errc::corrupt, 0, "block checksum"};
  return view;
}

std::uint16_t BlockView::rows() const noexcept { return rows_; }
WallTime BlockView::inserted_at() const noexcept {
  return bytes_.empty() ? 0 : format::load<WallTime>(bytes_.data() + format::kInsertedAt);
}
std::uint64_t BlockView::sequence() const noexcept {
  return bytes_.empty() ? 0 : format::load<std::uint64_t>(bytes_.data() + format::kSequenceAt);
}

void BlockView::prefetch_place(std::uint16_t slot) const noexcept {
  if (slot >= rows_) return;
  const Layout layout(bytes_);
  __builtin_prefetch(layout.tables + layout.width * slot);
  __builtin_prefetch(layout.tables + layout.width * layout.rows);  // The profiles' places.
}

void BlockView::prefetch_row(std::uint16_t slot) const noexcept {
  if (slot >= rows_) return;
  const Layout layout(bytes_);
  const std::size_t offset = layout.offset(slot);
  if (layout.is_inside(offset)) __builtin_prefetch(layout.begin + offset);
}

Result<void> BlockView::row(std::uint16_t slot, Row& row, RowScratch& scratch) const {
  if (slot >= rows_) return kCorrupt;
  const Layout layout(bytes_);
  const std::size_t offset = layout.offset(slot);
  if (offset == 0) return Error{Errc::not_found, 0, "slot"};
  if (!layout.is_inside(offset)) return kCorrupt;
  scratch.text.clear();
  scratch.text.reserve(kUnpackedBytes);
  scratch.selection.clear();

  TextReader reader(layout, offset, scratch.text);
  Cursor& cursor = reader.cursor();
  const std::uint64_t profile = cursor.varint();
  if (cursor.failed() || profile >= layout.profiles) return kCorrupt;
  const std::size_t profile_offset = layout.offset(layout.rows + profile);
  if (!layout.is_inside(profile_offset)) return kCorrupt;
  row = Row{};
  std::uint32_t bits = 0;
  if (Result<void> read = read_profile(TextReader(layout, profile_offset, scratch.text), row, bits); !read) return read;

  row.source.id = reader.id();
  if ((bits & shape::kParent) != 0) row.parent.id = reader.id();
  read_value(reader, row.value, scratch);
  if ((bits & shape::kVerdict) != 0) row.verdict = reader.text();
  if ((bits & shape::kNotes) != 0) row.notes = reader.text();
  if ((bits & shape::kClientId) != 0) row.client_id = reader.id();
  if ((bits & shape::kQueueItem) != 0) row.queue_item = reader.id();
  if ((bits & shape::kMetadata) != 0) row.metadata = reader.text();
  if ((bits & shape::kEventTime) != 0) row.event_time = read_event_time(cursor, layout.begin);
  if ((bits & shape::kIdempotency) != 0) {
    row.idempotency = read_hash128(reader);
    row.item = cursor.varint32();
  }
  if (row.kind == EventKind::patch || row.kind == EventKind::erase) read_target(reader, row.target);
  return reader.failed() ? Result<void>(kCorrupt) : Result<void>();
}

Result<void> BlockView::postings(const KeyedHash& keys, BlockPostings& out) const {
  out.clear();
  Row row;
  RowScratch scratch;
  for (std::uint16_t slot = 0; slot < rows_; ++slot) {
    const Result<void> read = this->row(slot, row, scratch);
    if (!read && read.error().code == Errc::not_found) continue;  // Emptied: nothing leads to it any more.
    if (!read) return read;
    out.by_source.push_back({source_hash(keys, row.workspace, row.source), slot, false});
    if (!row.parent.empty()) out.by_source.push_back({source_hash(keys, row.workspace, row.parent), slot, true});
    if (row.kind == EventKind::source) continue;
    if (!row.client_id.empty())
      out.by_client_id.push_back({client_id_hash(keys, row.workspace, row.client_id), slot, false});
    out.by_annotator.push_back({row.annotator, slot});
    out.by_workspace.push_back({row.workspace, slot});
  }
  return {};
}

}  // namespace sluice
