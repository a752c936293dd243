#include "engine/read/row_loader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/limits.h"

namespace sluice {
namespace {

void copy_selection(Arena& arena, Value& value) {
  const std::span<std::string_view> copied = arena.copy(value.selection);
  for (std::string_view& option : copied) option = arena.copy(option);
  value.selection = copied;
}

std::size_t selection_bytes(const Value& value) noexcept {
  std::size_t bytes = 0;
  for (const std::string_view option : value.selection) bytes += option.size() + sizeof(option);
  return bytes;
}

}  // namespace

Result<const RowLoader::Block*> RowLoader::block(std::uint64_t sequence) {
  const auto found = std::ranges::find(blocks_, sequence, [](const Block& block) { return block.ref.sequence; });
  if (found != blocks_.end()) return &*found;
  auto ref = view_.block(sequence);
  if (!ref) return ref.error();
  // The store checked the bytes when it read them, or they never left this process.
  auto view = BlockView::open_trusted(ref->bytes);
  if (!view) return view.error();
  if (blocks_.size() >= kBlocks) blocks_.clear();
  return &blocks_.emplace_back(Block{std::move(*ref), *view});
}

Result<void> RowLoader::load(Position at, Loaded& out) {
  const bool look = ++loads_ % kLoadsBetweenLooks == 0 && stopping_ != nullptr;
  if (look && stopping_->load(std::memory_order_relaxed)) return Errc::stopping;
  const auto found = block(at.block);
  if (!found) return found.error();
  const Block& from = **found;
  if (const auto decoded = from.view.row(at.slot, out.row, scratch_); !decoded) return decoded.error();
  out.inserted_at = from.view.inserted_at();
  bytes_ += copy_into(arena_, out.row);
  if (bytes_ > limits::kFoldedBytes) return Errc::limit_reached;
  return {};
}

void RowLoader::prefetch(std::span<const PostingHit> hits) {
  constexpr std::size_t kAhead = 32;
  std::array<const Block*, kAhead> blocks;
  const std::size_t count = std::min(hits.size(), kAhead);
  if (count < 2 || blocks_.size() + count > kBlocks) return;  // No block may move or go between the passes.
  blocks_.reserve(kBlocks);
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = block(hits[i].at.block);
    if (!found) return;
    blocks[i] = *found;
    blocks[i]->view.prefetch_place(hits[i].at.slot);
  }
  for (std::size_t i = 0; i < count; ++i) blocks[i]->view.prefetch_row(hits[i].at.slot);
}

Result<WallTime> RowLoader::inserted_at(std::uint64_t sequence) {
  const auto found = block(sequence);
  if (!found) return found.error();
  return (*found)->view.inserted_at();
}

void RowLoader::clear() noexcept {
  blocks_.clear();
  arena_.reset();
  bytes_ = 0;
}

std::size_t copy_into(Arena& arena, Value& value) {
  value.text = arena.copy(value.text);
  copy_selection(arena, value);
  return value.text.size() + selection_bytes(value);
}

std::size_t copy_into(Arena& arena, Row& row) {
  const std::array texts{&row.source.type_text, &row.source.id, &row.parent.type_text, &row.parent.id, &row.value.text,
                         &row.verdict,          &row.notes,     &row.score_source,     &row.client_id, &row.queue_item,
                         &row.metadata};
  std::size_t bytes = 0;
  for (const std::string_view* text : texts) bytes += text->size();
  char* at = arena.allocate(bytes);  // One for all: a row has a dozen texts, most of them short.
  for (std::string_view* text : texts) {
    if (!text->empty()) std::memcpy(at, text->data(), text->size());
    *text = {at, text->size()};
    at += text->size();
  }
  if (row.value.selection.empty()) return bytes;
  bytes += selection_bytes(row.value);
  copy_selection(arena, row.value);
  return bytes;
}

}  // namespace sluice
