#include "engine/read/source_fold.h"

#include <algorithm>

#include "engine/base/seeded_hash.h"

namespace sluice {
namespace {

/// Mixes numbers and texts for lookups in memory; equality is always decided on the fields. Clients choose most of
/// them, so each is hashed under the process's seed and all that came before it.
class Mixer {
 public:
  explicit Mixer(std::uint64_t state = 0) noexcept : state_(state) {}
  Mixer& add(std::string_view text) noexcept {
    state_ = seeded_hash(state_, text);
    return *this;
  }
  Mixer& add(std::uint64_t number) noexcept {
    return add(std::string_view(reinterpret_cast<const char*>(&number), sizeof(number)));
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_;
};

void add_value(Mixer& mixer, const Value& value) noexcept {
  mixer.add(static_cast<std::uint64_t>(value.kind));
  switch (value.kind) {
    case Value::Kind::number:
      mixer.add(static_cast<std::uint64_t>(value.number.mantissa));
      mixer.add(static_cast<std::uint64_t>(value.number.exponent));
      break;
    case Value::Kind::text:
    case Value::Kind::failure:
      mixer.add(value.text);
      break;
    case Value::Kind::selection:
      mixer.add(value.selection.size());
      for (const std::string_view option : value.selection) mixer.add(option);
      break;
    case Value::Kind::none:
    case Value::Kind::thumb_up:
    case Value::Kind::thumb_down:
      break;
  }
}

/// Of the event's kind and everything that same_content() compares: events that differ in one field that is left out
/// share a hash, and each is then compared with all before it.
std::uint64_t content_hash(const Row& row) noexcept {
  Mixer mixer;
  mixer.add(static_cast<std::uint64_t>(row.kind)).add(row.patch_fields).add(row.label).add(row.annotator);
  mixer.add(row.has_notes).add(row.event_time.has_value());
  mixer.add(static_cast<std::uint64_t>(row.event_time.value_or(0)));
  add_value(mixer, row.value);
  for (const std::string_view text :
       {row.verdict, row.notes, row.score_source, row.metadata, row.queue_item, row.client_id, row.parent.id}) {
    mixer.add(text);
  }
  return mixer.value();
}

bool same_value(const Row& row, const Value& value, std::string_view verdict) noexcept {
  return row.value == value && row.verdict == verdict;
}

/// Whether an event says what `b` says already. The dialect and the spelling it came in do not count. A field that is
/// compared here belongs into content_hash().
bool same_content(const Row& a, const Row& b) noexcept {
  return same_value(a, b.value, b.verdict) && a.has_notes == b.has_notes && a.notes == b.notes &&
         a.score_source == b.score_source && a.metadata == b.metadata && a.event_time == b.event_time &&
         a.label == b.label && a.annotator == b.annotator && a.queue_item == b.queue_item &&
         a.client_id == b.client_id && a.parent.id == b.parent.id;
}

bool same_request_item(const Row& a, const Row& b) noexcept {
  return a.idempotency && a.idempotency == b.idempotency && a.item == b.item;
}

/// One number per position: 2^48 blocks of 2^16 slots.
std::uint64_t packed(Position at) noexcept { return at.block << 16 | at.slot; }

TargetIdentity target_of(const IdentityKey& key) noexcept {
  return {key.kind, key.origin, key.generation, key.idempotency, key.item};
}

}  // namespace

std::size_t EventFold::KeyHash::operator()(const IdentityKey& key) const noexcept {
  Mixer mixer;
  mixer.add(static_cast<std::uint64_t>(key.kind)).add(key.source.id).add(key.parent_id);
  switch (key.kind) {
    case IdentityKind::positional:
      mixer.add(key.origin.block).add(key.origin.slot);
      break;
    case IdentityKind::client_id:
      mixer.add(key.client_id);
      break;
    case IdentityKind::natural:
      mixer.add(key.label).add(key.annotator).add(key.queue_item);
      break;
    case IdentityKind::idempotency:
      mixer.add(key.idempotency.high).add(key.idempotency.low).add(key.item);
      break;
  }
  return mixer.value();
}

void EventFold::add(const Row& row, Position at, WallTime inserted_at) {
  ++events_;
  State& state = state_of(row, at);
  const bool targeted = row.kind == EventKind::patch || row.kind == EventKind::erase;
  const bool other_generation =
      targeted && row.target.kind == IdentityKind::natural && row.target.generation != state.entry->score.generation;
  if (other_generation || seen_before(state, row)) return;
  if (row.kind == EventKind::set) {
    set(state, row, at, inserted_at);
  } else if (state.entry->live && row.kind == EventKind::patch) {
    patch(state, row, at, inserted_at);
  } else if (row.kind == EventKind::erase) {
    state.entry->live = false;
  }
}

EventFold::State& EventFold::state_of(const Row& row, Position at) {
  // All generations of a natural key share one state.
  IdentityKey key = identity_of(row, at, 0);
  key.generation = 0;
  const auto [found, made] = states_.try_emplace(key);
  if (made) {
    found->second.entry = &entries_.emplace_back();
    found->second.entry->key = key;
  }
  return found->second;
}

/// Also notes the event, so that its own retries are known.
bool EventFold::seen_before(const State& state, const Row& row) {
  const bool is_set = row.kind == EventKind::set;
  const bool by_time = is_set && row.event_time.has_value();
  // A set that is its own identity cannot be repeated.
  if (is_set && row.identity == IdentityKind::positional) return false;
  if (!row.idempotency && !by_time) return false;
  // A set that is about to begin a life belongs to that one.
  const std::uint32_t life = is_set && !state.entry->live ? state.life + 1 : state.life;
  // What makes an event a repeat is in the hash it is looked up by, so that only repeats share one: the same content
  // under many Idempotency-Keys, or in many lives, is no repeat.
  const std::uint64_t content = Mixer(content_hash(row)).add(reinterpret_cast<std::uintptr_t>(&state)).value();
  const Hash128 request = row.idempotency.value_or(Hash128{});
  const std::uint64_t request_hash = Mixer(content).add(request.high).add(request.low).add(row.item).value();
  const std::uint64_t life_hash = Mixer(content).add(life).value();
  const auto seen_at = [&](std::uint64_t hash, const auto& is_repeat) {
    const auto [begin, end] = seen_.equal_range(hash);
    return std::any_of(begin, end, [&](const auto& item) {
      const Seen& before = *item.second;
      return before.state == &state && before.row.kind == row.kind && before.row.patch_fields == row.patch_fields &&
             is_repeat(before) && same_content(before.row, row);
    });
  };
  const auto by_request = [&](const Seen& before) { return same_request_item(before.row, row); };
  const auto in_this_life = [&](const Seen& before) { return before.life == life; };
  if (row.idempotency && seen_at(request_hash, by_request)) return true;
  if (by_time && seen_at(life_hash, in_this_life)) return true;
  const Seen* const event = &events_seen_.emplace_front(&state, life, row);
  if (row.idempotency) seen_.emplace(request_hash, event);
  if (by_time) seen_.emplace(life_hash, event);
  return false;
}

void EventFold::set(State& state, const Row& row, Position at, WallTime inserted_at) {
  if (!state.entry->live) return begin_life(state, row, at, inserted_at);
  Score& score = state.entry->score;
  if (same_content(score.row, row)) return;
  keep_older_value(state, row.value, row.verdict);
  score.row = row;
  state.value_written_at = inserted_at;
  score.last = at;
  score.updated_at = inserted_at;
}

void EventFold::begin_life(State& state, const Row& row, Position at, WallTime inserted_at) {
  Entry& entry = *state.entry;
  const bool reborn = state.life > 0;
  ++state.life;
  entry.live = true;
  if (reborn && entry.key.kind == IdentityKind::natural) ++entry.key.generation;
  Score& score = entry.score;
  score.row = row;
  score.generation = entry.key.generation;
  score.identity = target_of(entry.key);
  score.first = score.last = at;
  score.created_at = score.updated_at = state.value_written_at = inserted_at;
  score.history.clear();
}

void EventFold::patch(State& state, const Row& row, Position at, WallTime inserted_at) {
  Score& score = state.entry->score;
  Row patched = score.row;
  if ((row.patch_fields & kPatchValue) != 0) patched.value = row.value;
  if ((row.patch_fields & kPatchVerdict) != 0) patched.verdict = row.verdict;
  if ((row.patch_fields & kPatchScoreSource) != 0) patched.score_source = row.score_source;
  if ((row.patch_fields & kPatchNotes) != 0) {
    patched.notes = row.notes;
    patched.has_notes = row.has_notes;
  }
  if (same_content(patched, score.row)) return;
  keep_older_value(state, patched.value, patched.verdict);
  if ((row.patch_fields & (kPatchValue | kPatchVerdict)) != 0) state.value_written_at = inserted_at;
  score.row = patched;
  score.updated_at = inserted_at;
  // Listings find a score at an event that is posted under its annotator.
  if (row.annotator == patched.annotator) score.last = at;
}

void EventFold::keep_older_value(State& state, const Value& value, std::string_view verdict) {
  Score& score = state.entry->score;
  if (same_value(score.row, value, verdict)) return;
  score.history.push_back({score.row.value, score.row.verdict, state.value_written_at});
}

EventFold::Entry* EventFold::newest_at(Position at) noexcept {
  if (!newest_known_) {
    newest_known_ = true;
    for (Entry& entry : entries_) {
      if (entry.live) newest_.emplace(packed(entry.score.last), &entry);
    }
  }
  const auto found = newest_.find(packed(at));
  return found == newest_.end() ? nullptr : found->second;
}

Result<void> fold_source(ReadView& view, RowLoader& loader, const SourceEvents& events, EventFold& fold) {
  const Position up_to = events.up_to;
  std::vector<PostingHit> hits;
  if (const auto found = view.by_source(events.source_hash, SourceRows::own, hits); !found) return found.error();
  std::erase_if(hits, [&](const PostingHit& hit) { return up_to.block != 0 && hit.at > up_to; });
  if (hits.size() > events.events_max) return Errc::limit_reached;
  loader.prefetch(hits);
  RowLoader::Loaded loaded;
  for (const PostingHit& hit : hits) {
    const auto read = loader.load(hit.at, loaded);
    if (!read && read.error().code == Errc::not_found) continue;  // Erased for good.
    if (!read) return read.error();
    if (loaded.row.workspace != events.workspace || loaded.row.kind == EventKind::source) continue;
    fold.add(loaded.row, hit.at, loaded.inserted_at);
  }
  return {};
}

}  // namespace sluice
