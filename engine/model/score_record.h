#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"
#include "engine/model/label.h"
#include "engine/model/source.h"
#include "engine/model/value.h"

/// One score event on its way in: what every dialect's decoder produces and the shard checks and encodes.
/// Everything is borrowed from the request's body or arena, which live until the batch is complete.

namespace sluice {

using AnnotatorNumber = std::uint32_t;
using KeyNumber = std::uint32_t;

/// A row's place: unique for ever, ordered by commit.
struct Position {
  std::uint64_t block = 0;  ///< First block is 1; 0: nowhere.
  std::uint16_t slot = 0;
  auto operator<=>(const Position&) const = default;
};

/// `source` registers a source (strict workspaces); it is no score and no read lists it.
enum class EventKind : std::uint8_t { set = 0, patch = 1, erase = 2 /*"delete"*/, source = 3 };

/// Which fields a patch carries.
enum PatchField : std::uint8_t { kPatchValue = 1, kPatchNotes = 2, kPatchScoreSource = 4, kPatchVerdict = 8 };

enum class IdentityKind : std::uint8_t {
  positional = 0,   ///< Nothing given: the row's own position. Every repeat is a new score.
  client_id = 1,    ///< (workspace, source, client id).
  natural = 2,      ///< (source, label, annotator, queue item, generation); the generation is found by the fold.
  idempotency = 3,  ///< (128-bit keyed hash of key id, route and header; item index).
};

/// The identity of an existing score, for patch and erase.
struct TargetIdentity {
  IdentityKind kind = IdentityKind::positional;
  Position origin;                ///< positional: where its set stands.
  std::uint32_t generation = 0;   ///< natural.
  Hash128 idempotency;            ///< idempotency, with `item`.
  std::uint32_t item = 0;
};

struct LabelRef {
  enum class Kind : std::uint8_t { none, id, name, evaluator, annotation, number };
  Kind kind = Kind::none;
  Uuid id;
  std::string_view name;     ///< name: native `label_name`; evaluator: 2Signal's evaluatorName.
  LabelNumber number = 0;    ///< number: already resolved (patch, erase).
};

struct ScoreRecord {
  EventKind kind = EventKind::set;
  IdentityKind identity = IdentityKind::positional;  ///< For set. client_id and natural as the dialect says; a batch
                                                     ///< with an Idempotency-Key turns positional into idempotency.
  std::uint8_t patch_fields = 0;
  bool parent_in_identity = false;  ///< A 2Signal span: (trace, span) together are the source's identity.
  /// Set by the transport before submit when this record must be refused (source_not_found in a strict workspace); the
  /// shard then only reports it.
  Errc precheck = Errc::ok;
  std::uint32_t item = 0;           ///< Index in the request.
  std::uint64_t source_hash = 0;    ///< Filled by admission.
  SourceRef source;
  SourceRef parent;
  LabelRef label;
  ValueInput value;
  std::string_view verdict;
  std::string_view notes;
  bool has_notes = false;           ///< Distinguishes "" from absent (Future AGI echoes "").
  std::string_view score_source;
  std::string_view client_id;
  std::string_view queue_item;
  std::string_view metadata;        ///< Validated, compact or as sent, JSON object.
  std::optional<WallTime> event_time;
  /// patch and erase: whose score, which one. Otherwise the batch's annotator.
  std::optional<AnnotatorNumber> annotator;
  TargetIdentity target;
};

}  // namespace sluice
