#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <rocksdb/table_properties.h>

/// Which hashes one segment's table holds, kept among the table's own properties, so that it is in memory while the
/// table is open and goes when the table is merged away. A read of a source asks every unmerged table; one that this
/// rules out costs 0.2 µs, and 0.8 where RocksDB makes an iterator to ask its own filter (bench_micro,
/// ask_index_runs). Merged tables have RocksDB's: their number and size are not bounded by memory.
///
/// The filter is a Bloom filter of 64-byte lines (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom
/// Filters", 2007): one hash sets bits of one line. Format: store/README.md. Threads: any.

namespace sluice {

/// `hashes`: uniform, as SipHash makes them.
[[nodiscard]] std::string make_hash_filter(std::span<const std::uint64_t> hashes);
/// False: `hash` was not among them. True for few that were not, and for a text that is no filter.
[[nodiscard]] bool filter_may_hold(std::string_view filter, std::uint64_t hash) noexcept;

/// For the options of what writes a segment's table of keys that begin with a hash.
[[nodiscard]] std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> segment_filter_factory();
/// For ReadOptions::table_filter: whether a read of `hash` has to look into the table.
[[nodiscard]] bool table_may_hold(const rocksdb::TableProperties& table, std::uint64_t hash);

}  // namespace sluice
