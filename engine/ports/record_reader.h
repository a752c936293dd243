#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/model/row.h"

/// Point and range reads on a consistent snapshot of everything durable. Thread rule: a RecordReader may be shared; a
/// ReadView belongs to the one thread that opened it and must not outlive the call it serves.

namespace sluice {

/// A block's bytes, kept alive by whoever holds this (hot index, cache or an own copy).
struct BlockRef {
  std::uint64_t sequence = 0;
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

struct PostingHit {
  Position at;
  bool parent = false;
};

enum class SourceRows : std::uint8_t { own, children, both };  ///< Children: rows that name the source as parent.

class ReadView {
 public:
  virtual ~ReadView() = default;
  /// Postings of a source (or of a client id), oldest first, without doubles. Errors: limit_reached (more than
  /// limits::kEventsPerSource of the rows asked for).
  [[nodiscard]] virtual Result<void> by_source(std::uint64_t source_hash, SourceRows rows,
                                               std::vector<PostingHit>& out) = 0;
  /// The source's own rows, oldest first, however many, until `visit` returns false.
  [[nodiscard]] virtual Result<void> visit_source(std::uint64_t source_hash,
                                                  const std::function<bool(Position)>& visit) = 0;
  [[nodiscard]] virtual Result<void> by_client_id(std::uint64_t hash, std::vector<PostingHit>& out) = 0;
  /// Positions of an annotator's (or workspace's) rows strictly before `before` (exclusive; {0,0}: from the newest),
  /// newest first, at most `limit`. Fewer than `limit` means there are no more.
  [[nodiscard]] virtual Result<void> by_annotator(AnnotatorNumber annotator, Position before, std::size_t limit,
                                                  std::vector<Position>& out) = 0;
  [[nodiscard]] virtual Result<void> by_workspace(WorkspaceNumber workspace, Position before, std::size_t limit,
                                                  std::vector<Position>& out) = 0;
  /// Errors: not_found (never existed), corrupt, io_error.
  [[nodiscard]] virtual Result<BlockRef> block(std::uint64_t sequence) = 0;
  /// The newest durable block of this view.
  [[nodiscard]] virtual std::uint64_t last_block() const noexcept = 0;
  /// Of a memory_view(): true once something that was asked for was not there. The call that found out failed, and its
  /// error says nothing about the data.
  [[nodiscard]] virtual bool missed() const noexcept = 0;
};

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  [[nodiscard]] virtual std::unique_ptr<ReadView> view() = 0;
  /// For short work: no I/O (see missed()), at most limits::kEventsReadAtOnce postings by hash (else limit_reached),
  /// found among four times as many.
  [[nodiscard]] virtual std::unique_ptr<ReadView> memory_view() = 0;
};

}  // namespace sluice
