#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/model/row.h"

/// The rules of engine/read/source_fold.h told a second time, slowly and on plain strings, for the simulation to
/// compare with. Test-only.

namespace sluice {

struct ModelEvent {
  EventKind kind = EventKind::set;
  IdentityKind identity = IdentityKind::natural;
  std::string source, label, annotator, client_id, number, notes;
  std::optional<WallTime> event_time;
  std::optional<int> request;  ///< Which Idempotency-Key.
  int item = 0;
  std::uint8_t patch_fields = 0;
  std::uint32_t target_generation = 0;
  int origin = -1;  ///< positional patch and erase: index of the set.
  Position at;
  WallTime inserted_at = 0;
};

struct ModelScore {
  std::string source, number, notes, annotator;
  std::optional<WallTime> event_time;
  std::uint32_t generation = 0;
  Position first, last;
  WallTime created_at = 0, updated_at = 0;
  std::vector<std::string> history;
};

/// Live scores, by first event.
inline std::vector<ModelScore> model_fold(const std::vector<ModelEvent>& events, Position up_to) {
  using Key = std::tuple<int, std::string, std::string, std::string, int, int>;
  const auto key_of = [&](std::size_t i) -> Key {
    const ModelEvent& e = events[i];
    const int kind = static_cast<int>(e.identity);
    switch (e.identity) {
      case IdentityKind::positional:
        return {kind, e.source, "", "", e.kind == EventKind::set ? static_cast<int>(i) : e.origin, 0};
      case IdentityKind::client_id:
        return {kind, e.source, e.client_id, "", 0, 0};
      case IdentityKind::natural:
        return {kind, e.source, e.label, e.annotator, 0, 0};
      case IdentityKind::idempotency:
        return {kind, e.source, "", "", e.request.value_or(-1), e.item};
    }
    return {};
  };
  const auto same_said = [](const ModelEvent& a, const ModelEvent& b) {
    return a.kind == b.kind && a.number == b.number && a.notes == b.notes && a.event_time == b.event_time &&
           a.patch_fields == b.patch_fields && a.annotator == b.annotator && a.label == b.label;
  };
  std::map<Key, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (up_to.block == 0 || events[i].at <= up_to) groups[key_of(i)].push_back(i);
  }
  std::vector<ModelScore> out;
  for (const auto& [key, members] : groups) {
    std::optional<ModelScore> live;
    bool ever = false;
    std::uint32_t generation = 0;
    std::vector<std::size_t> all, this_life;
    for (const std::size_t i : members) {
      const ModelEvent& e = events[i];
      if (e.kind != EventKind::set && e.identity == IdentityKind::natural && e.target_generation != generation)
        continue;
      const bool retried = std::ranges::any_of(all, [&](std::size_t b) {
        return e.request && events[b].request == e.request && events[b].item == e.item && same_said(events[b], e);
      });
      const bool timed = e.kind == EventKind::set && e.event_time && live &&
                         std::ranges::any_of(this_life, [&](std::size_t b) { return same_said(events[b], e); });
      if (retried || timed) continue;
      all.push_back(i);
      if (e.kind == EventKind::erase) {
        live.reset();
      } else if (e.kind == EventKind::patch) {
        if (!live) continue;
        const std::string number = (e.patch_fields & kPatchValue) != 0 ? e.number : live->number;
        const std::string notes = (e.patch_fields & kPatchNotes) != 0 ? e.notes : live->notes;
        if (number == live->number && notes == live->notes) continue;
        if (number != live->number) live->history.push_back(live->number);
        live->number = number;
        live->notes = notes;
        live->last = e.at;
        live->updated_at = e.inserted_at;
      } else if (!live) {
        if (ever && e.identity == IdentityKind::natural) ++generation;
        ever = true;
        this_life = {i};
        live = ModelScore{e.source, e.number,      e.notes,       e.annotator, e.event_time, generation, e.at,
                          e.at,     e.inserted_at, e.inserted_at, {}};
      } else {
        this_life.push_back(i);
        if (e.number == live->number && e.notes == live->notes && e.event_time == live->event_time &&
            e.annotator == live->annotator) {
          continue;
        }
        if (e.number != live->number) live->history.push_back(live->number);
        live->number = e.number;
        live->notes = e.notes;
        live->event_time = e.event_time;
        live->annotator = e.annotator;
        live->last = e.at;
        live->updated_at = e.inserted_at;
      }
    }
    if (live) out.push_back(*live);
  }
  std::ranges::sort(out, {}, &ModelScore::first);
  return out;
}

}  // namespace sluice
