#pragma once

#include <cstddef>

/// How the `memory` setting is divided over what grows with load. Pure. One place, so that the parts can be added up.

namespace sluice {

/// In sixteenths of `memory`, 1 GiB by default:
///
///   8  store: memtables 3/8 of it (three of an eighth), RocksDB's cache 1/6, recent and read blocks 1/12 each, posting
///      cache 1/32, hot postings and the indexer's sort 1/8 (store/internal/options.cc, store.cc)             512 MiB
///   3  bodies, what they are decoded to, and records that wait for admission                                  192 MiB
///   3  records admitted and not answered yet, with their rows                                                 192 MiB
///   2  long answers that are being sent                                                                       128 MiB
///  16
///
/// One workspace alone gets half of bodies and of answers (ByteBudget). What lies beside has limits of its own and no
/// part here; it lives on what the parts above do not use at a time: a buffer of 32 KiB for each connection at
/// work, kept requests, labels (limits::kLabelBytes), kept answers (kIdempotencyBytes a shard), reads (kFoldedBytes
/// each), the parser's index of a body (four times its largest).
struct MemoryShares {
  /// Both in bytes; `memory` is at least 256 MiB.
  MemoryShares(std::size_t memory, std::size_t body_bytes_max);

  std::size_t store;             ///< StoreOptions::memory_bytes.
  std::size_t decoded_body_max;  ///< Of one body.
  /// At least what the largest body and its decoded form need, even where that is more than the share: a body that the
  /// limit allows must not be refused on an idle server, for ever. With 256 MiB a body_limit of 4 MiB keeps within it.
  std::size_t bodies;
  std::size_t replies;
  std::size_t records;           ///< Admitted, with their rows.
  std::size_t scores_in_flight;  ///< As many as fit without rows.
  /// Of all io threads: as much as may be in flight, since what is kept was in flight a moment ago.
  std::size_t kept_requests;
};

}  // namespace sluice
