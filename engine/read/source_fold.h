#pragma once

#include <deque>
#include <forward_list>
#include <memory_resource>
#include <unordered_map>
#include <vector>

#include "engine/read/row_loader.h"
#include "engine/read/score.h"

/// Folds score events in commit order into scores: the rules of identity, repeats, generations and history.
/// Pure but for the rows it is given; a row must stay valid as long as the fold. Threads: one.
///
///  - The first set makes a score. A later set of other content changes it: newest state, first created_at, the older
///    value into the history when value or verdict differ. The same content again changes nothing.
///  - A late retry changes nothing: an event whose content was seen with the same Idempotency-Key and item, or a set
///  seen
///    with the same event time since the score was made.
///  - A patch changes the fields it carries; an erase ends the score. A set after it makes it live again: under a
///  natural
///    key as the next generation, under the same id otherwise; its times and history begin anew.
///  - Patches and erases of what is not live, or of another generation, change nothing.

namespace sluice {

class EventFold {
 public:
  struct KeyHash {
    std::size_t operator()(const IdentityKey& key) const noexcept;
  };
  struct Entry {
    Score score;  ///< id is left to the reader; texts are borrowed from the rows.
    IdentityKey key;
    bool live = false;
  };

  /// All the fold's parts come from `memory`, which must outlive it.
  explicit EventFold(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : entries_(memory), states_(memory), events_seen_(memory), seen_(memory), newest_(memory) {}
  EventFold(const EventFold&) = delete;
  EventFold& operator=(const EventFold&) = delete;

  /// In commit order. Rows of kind `source` are no score events and are not to be given.
  void add(const Row& row, Position at, WallTime inserted_at);
  [[nodiscard]] std::pmr::deque<Entry>& entries() noexcept { return entries_; }
  /// The live score whose newest event stands at `at`, or nullptr. Only after the last add().
  [[nodiscard]] Entry* newest_at(Position at) noexcept;
  [[nodiscard]] std::size_t events() const noexcept { return events_; }

 private:
  struct State {
    Entry* entry = nullptr;
    std::uint32_t life = 0;  // Grows with each first set.
    WallTime value_written_at = 0;
  };
  /// An event that a late retry may repeat.
  struct Seen {
    Seen(const State* of, std::uint32_t in_life, const Row& event) : state(of), life(in_life), row(event) {}
    const State* state;
    std::uint32_t life;
    Row row;
  };
  [[nodiscard]] State& state_of(const Row& row, Position at);
  [[nodiscard]] bool seen_before(const State& state, const Row& row);
  void set(State& state, const Row& row, Position at, WallTime inserted_at);
  void patch(State& state, const Row& row, Position at, WallTime inserted_at);
  void begin_life(State& state, const Row& row, Position at, WallTime inserted_at);
  void keep_older_value(State& state, const Value& value, std::string_view verdict);

  std::pmr::deque<Entry> entries_;  // In order of first appearance; never moves.
  std::pmr::unordered_map<IdentityKey, State, KeyHash> states_;
  std::pmr::forward_list<Seen> events_seen_;
  std::pmr::unordered_multimap<std::uint64_t, const Seen*> seen_;  // By the hashes of what would repeat them.
  std::pmr::unordered_map<std::uint64_t, Entry*> newest_;          // By packed position.
  bool newest_known_ = false;                                      // newest_ is filled at the first newest_at().
  std::size_t events_ = 0;
};

struct SourceEvents {
  WorkspaceNumber workspace = 0;
  std::uint64_t source_hash = 0;
  Position up_to;  ///< {0,0}: all.
  std::size_t events_max = 0;
};

/// All events of one source hash in one workspace. Errors: limit_reached (more than events_max), and the loader's
/// corrupt, io_error and stopping.
/// Colliding sources of the workspace are folded beside each other; compare entries' sources.
[[nodiscard]] Result<void> fold_source(ReadView& view, RowLoader& loader, const SourceEvents& events, EventFold& fold);

}  // namespace sluice
