#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/parker.h"
#include "engine/base/spsc_ring.h"
#include "engine/ingest/batch.h"
#include "engine/ingest/idempotency_table.h"
#include "engine/model/row.h"

/// What a shard gives to the committer, and how the two wake each other. Full blocks go at once; the open one only when
/// the committer has nothing else to do, so that blocks grow with the load and nobody needs a timer.

namespace sluice {

/// A run of one batch's records that a shard dealt with: records order_[begin, end), or [begin, end) without an order.
struct Part {
  Batch* batch = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool last = false;    ///< Of this batch in this shard.
  bool stores = false;  ///< Its records with code ok have rows in the block (no dry run, no replay, no refusal).
  std::shared_ptr<IdempotencyAnswer> answer;  ///< On the last part of a batch that opened an Idempotency-Key.
};

struct Handover {
  std::string bytes;  ///< A finished, unsealed block; empty when rows is 0.
  BlockPostings postings;
  std::size_t rows = 0;
  std::vector<Part> parts;
  std::uint64_t sequence = 0;  ///< The committer's.
};

/// One per shard. Threads: the shard produces, the committer consumes.
struct HandoverLane {
  SpscRing<std::unique_ptr<Handover>> ring{limits::kBlockRingSlots};
  Parker shard;                       ///< Where the shard sleeps.
  std::atomic<bool> has_open{false};  ///< The shard holds parts that were not handed over yet.
  std::atomic<bool> has_left{false};  ///< Batches were pushed since the shard last looked.
};

/// One per engine. `hungry` and each of HandoverLane::has_open and has_left are a store-then-load pair on both sides,
/// all seq_cst: either the committer sees what is there and wakes the shard, or who left it there sees the hunger.
struct CommitterSignal {
  std::atomic<bool> hungry{false};
  Parker committer;
};

}  // namespace sluice
