#include <cstdio>
#include <stdexcept>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <xxhash.h>

#include "bench/contestants/contestants.h"
#include "engine/base/bytes.h"
#include "engine/base/time.h"

/// (c) The straightforward layout: a row under (source hash, sequence) and an index key under (annotator, sequence),
/// through default memtables, in synced batches as large as all requests under way together (the best grouping a server
/// could do). The rows carry what Sluice's carry: source, label, value, annotator, time. Options: RocksDB's defaults
/// but for what is set below.

namespace sluice::bench {

int run_rows(const RunOptions& options) {
  const load::Plan plan(plan_options(options));
  rocksdb::Options db_options;
  db_options.create_if_missing = true;
  db_options.create_missing_column_families = true;
  db_options.max_background_jobs = 2;
  db_options.compression = rocksdb::kNoCompression;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, options.data,
                                                   {{"default", rocksdb::ColumnFamilyOptions(db_options)},
                                                    {"by_annotator", rocksdb::ColumnFamilyOptions(db_options)}},
                                                   &handles, &opened);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  const std::unique_ptr<rocksdb::DB> db(opened);

  const double cpu_before = process_cpu_seconds();
  const MonotonicTime started = monotonic_now();
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::WriteBatch batch;
  std::string row, key;
  std::uint64_t sequence = 0, sum = 0;
  char id[36];
  for (std::uint64_t request = 0; request < options.requests;) {
    batch.Clear();
    for (std::uint32_t k = 0; k < options.in_flight && request < options.requests; ++k, ++request) {
      for (std::uint32_t i = 0; i < plan.options().batch; ++i) {
        const load::PlannedScore score = plan.score(request, i);
        const Uuid source = plan.source_uuid(score.source);
        write_uuid(id, source);
        sum += source_sum({id, sizeof id});
        row.clear();
        row.append(source.view());
        put_varint(row, score.label);
        put_varint(row, 1);
        put_u64_be(row, score.value);
        put_u64_be(row, static_cast<std::uint64_t>(started));
        key.clear();
        put_u64_be(key, XXH3_64bits(source.bytes.data(), source.bytes.size()));
        put_u64_be(key, ++sequence);
        batch.Put(handles[0], key, row);
        key.clear();
        put_u32_be(key, 1);
        put_u64_be(key, sequence);
        batch.Put(handles[1], key, rocksdb::Slice());
      }
    }
    const rocksdb::Status written = db->Write(synced, &batch);
    if (!written.ok()) throw std::runtime_error(written.ToString());
  }
  const double seconds = static_cast<double>(monotonic_now() - started) * 1e-9;
  for (rocksdb::ColumnFamilyHandle* const handle : handles) db->Flush({}, handle);
  const double cpu = process_cpu_seconds() - cpu_before;
  for (rocksdb::ColumnFamilyHandle* const handle : handles) db->DestroyColumnFamilyHandle(handle);
  db->Close();
  const double scores = static_cast<double>(sequence);
  std::printf(
      "{\"contestant\":\"rows\",\"scores\":%lu,\"seconds\":%.3f,\"scores_per_s\":%.0f,\"cpu_us_per_score\":%.3f,"
      "\"count\":%lu,\"checksum\":\"%016lx\"}\n",
      sequence, seconds, scores / seconds, cpu * 1e6 / scores, sequence, sum);
  return 0;
}

}  // namespace sluice::bench
