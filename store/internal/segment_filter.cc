#include "store/internal/segment_filter.h"

#include <vector>

#include "engine/base/bytes.h"

namespace sluice {
namespace {

const std::string kProperty = "sluice.hash_filter";

constexpr std::size_t kLineBytes = 64;
// One hash in 230 that is not there passes, and a block of the table is read for it in vain. With 8 bits, 5 set: one in
// 43, so that every other read of 32 tables reads a block in vain. With 16: no time is won, in more memory.
constexpr std::size_t kBitsPerHash = 12;
constexpr int kBitsSet = 6;

std::size_t line_of(std::uint64_t hash, std::size_t lines) noexcept { return (hash >> 32) * lines >> 32; }

/// Calls visit(byte of the line, mask) for each bit of the hash until it returns false; whether it never did. The line
/// is chosen by the highest bits, which the product mixes with all others.
template <class Visit>
bool each_bit(std::uint64_t hash, Visit&& visit) {
  std::uint64_t bits = hash * 0x9E37'79B9'7F4A'7C15;  // 2^64 / golden ratio, odd.
  for (int bit = 0; bit < kBitsSet; ++bit, bits <<= 9) {
    if (!visit(bits >> 58, static_cast<char>(1 << (bits >> 55 & 7)))) return false;
  }
  return true;
}

class FilterCollector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice&, rocksdb::EntryType,
                             rocksdb::SequenceNumber, std::uint64_t) override {
    if (key.size() < sizeof(std::uint64_t)) return rocksdb::Status::InvalidArgument("key without a hash");
    const std::uint64_t hash = load_u64_be(key.data());
    if (hashes_.empty() || hashes_.back() != hash) hashes_.push_back(hash);
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    properties->emplace(kProperty, make_hash_filter(hashes_));
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  const char* Name() const override { return "sluice.FilterCollector"; }

 private:
  std::vector<std::uint64_t> hashes_;
};

class FilterCollectorFactory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context) override { return new FilterCollector(); }
  const char* Name() const override { return "sluice.FilterCollectorFactory"; }
};

}  // namespace

std::string make_hash_filter(std::span<const std::uint64_t> hashes) {
  const std::size_t lines = hashes.size() * kBitsPerHash / (8 * kLineBytes) + 1;
  std::string filter(lines * kLineBytes, '\0');
  for (const std::uint64_t hash : hashes) {
    char* const line = filter.data() + line_of(hash, lines) * kLineBytes;
    each_bit(hash, [line](std::size_t byte, char mask) {
      line[byte] = static_cast<char>(line[byte] | mask);
      return true;
    });
  }
  return filter;
}

bool filter_may_hold(std::string_view filter, std::uint64_t hash) noexcept {
  if (filter.empty() || filter.size() % kLineBytes != 0) return true;
  const char* const line = filter.data() + line_of(hash, filter.size() / kLineBytes) * kLineBytes;
  return each_bit(hash, [line](std::size_t byte, char mask) { return (line[byte] & mask) != 0; });
}

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> segment_filter_factory() {
  return std::make_shared<FilterCollectorFactory>();
}

bool table_may_hold(const rocksdb::TableProperties& table, std::uint64_t hash) {
  const auto filter = table.user_collected_properties.find(kProperty);
  return filter == table.user_collected_properties.end() || filter_may_hold(filter->second, hash);
}

}  // namespace sluice
