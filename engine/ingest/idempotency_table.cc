#include "engine/ingest/idempotency_table.h"

#include <limits>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr char kKeyPrefix = 'i';
constexpr std::size_t kKeyBytes = 1 + 8 + 16;
constexpr std::uint8_t kVersion = 1;
constexpr WallTime kKeptFor = limits::kIdempotencyHours * 3600 * 1'000'000'000;

bool continues(const RecordOutcome& before, const RecordOutcome& next) {
  if (before.code != next.code || before.label != next.label) return false;
  return before.code != Errc::ok || (before.block == next.block && before.slot + 1 == next.slot);
}

/// The code a name stands for; internal for a name this version does not know.
Errc code_named(std::string_view name) {
  for (unsigned code = 0; code < kErrcCount; ++code) {
    if (to_string(static_cast<Errc>(code)) == name) return static_cast<Errc>(code);
  }
  return Errc::internal;
}

}  // namespace

std::string idempotency_log_bound(WallTime time) {
  std::string bound(1, kKeyPrefix);
  put_u64_be(bound, static_cast<std::uint64_t>(time));
  return bound;
}

std::string idempotency_log_key(WallTime inserted_at, const Hash128& key) {
  std::string bytes = idempotency_log_bound(inserted_at);
  put_u64_be(bytes, key.high);
  put_u64_be(bytes, key.low);
  return bytes;
}

std::string encode_answer(const Hash128& digest, const std::vector<RecordOutcome>& outcomes) {
  std::string out(1, static_cast<char>(kVersion));
  put_u64_le(out, digest.high);
  put_u64_le(out, digest.low);
  put_varint(out, outcomes.size());
  for (std::size_t begin = 0; begin < outcomes.size();) {
    std::size_t end = begin + 1;
    while (end < outcomes.size() && continues(outcomes[end - 1], outcomes[end])) ++end;
    const RecordOutcome& first = outcomes[begin];
    put_varint(out, end - begin);
    put_varint(out, first.label);
    put_text(out, to_string(first.code));
    if (first.code == Errc::ok) {
      put_varint(out, first.block);
      put_varint(out, first.slot);
    }
    begin = end;
  }
  return out;
}

Result<void> decode_answer(std::string_view value, Hash128& digest, std::vector<RecordOutcome>& outcomes) {
  Reader in(value);
  const std::uint8_t version = in.byte();
  if (in.failed()) return Errc::corrupt;
  if (version != kVersion) return Errc::format_too_new;
  digest.high = in.u64_le();
  digest.low = in.u64_le();
  const std::uint64_t count = in.varint();
  if (in.failed() || count > limits::kItems) return Errc::corrupt;
  std::vector<RecordOutcome> decoded;
  decoded.reserve(count);
  while (decoded.size() < count) {
    const std::uint64_t length = in.varint();
    RecordOutcome outcome;
    outcome.label = static_cast<LabelNumber>(in.varint());
    outcome.code = code_named(in.text());
    if (outcome.code == Errc::ok) {
      outcome.block = in.varint();
      outcome.slot = static_cast<std::uint16_t>(in.varint());
    }
    if (in.failed() || length == 0 || length > count - decoded.size()) return Errc::corrupt;
    for (std::uint64_t i = 0; i < length; ++i) {
      decoded.push_back(outcome);
      if (outcome.code == Errc::ok) ++outcome.slot;
    }
  }
  if (!in.at_end()) return Errc::corrupt;
  outcomes = std::move(decoded);
  return {};
}

Result<std::shared_ptr<IdempotencyAnswer>> load_answer(const IdempotencyEntry& entry) {
  if (entry.key.size() != kKeyBytes || entry.key.front() != kKeyPrefix) return Errc::corrupt;
  auto answer = std::make_shared<IdempotencyAnswer>();
  answer->inserted_at = static_cast<WallTime>(load_u64_be(entry.key.data() + 1));
  answer->key = {load_u64_be(entry.key.data() + 9), load_u64_be(entry.key.data() + 17)};
  std::vector<RecordOutcome> outcomes;
  if (const auto decoded = decode_answer(entry.value, answer->digest, outcomes); !decoded) return decoded.error();
  answer->value = entry.value;
  answer->state.store(IdempotencyAnswer::State::done, std::memory_order_relaxed);  // Not shared yet.
  return answer;
}

IdempotencyTable::Lookup IdempotencyTable::open(const IdempotencyRequest& request, WallTime now) {
  using State = IdempotencyAnswer::State;
  evict(now);
  if (const auto found = answers_.find(request.key); found != answers_.end()) {
    const IdempotencyAnswer& known = *found->second;
    const State state = known.state.load(std::memory_order_acquire);
    const bool expired = state == State::done && known.inserted_at < now - kKeptFor;
    if (state != State::failed && !expired) {
      if (known.digest != request.digest) return {Verdict::mismatch, nullptr};
      if (state == State::in_flight) return {Verdict::in_flight, nullptr};
      return {Verdict::replay, found->second};
    }
  }
  auto answer = std::make_shared<IdempotencyAnswer>();
  answer->key = request.key;
  answer->digest = request.digest;
  remember(answer);
  return {Verdict::fresh, std::move(answer)};
}

void IdempotencyTable::load(std::shared_ptr<IdempotencyAnswer> answer) {
  remember(std::move(answer));
  evict(std::numeric_limits<WallTime>::min() + kKeptFor);  // By size only.
}

void IdempotencyTable::remember(std::shared_ptr<IdempotencyAnswer> answer) {
  answers_[answer->key] = answer;
  oldest_first_.push_back({std::move(answer), 0});
}

void IdempotencyTable::count_settled() {
  while (settled_ < oldest_first_.size()) {
    Queued& next = oldest_first_[settled_];
    if (next.answer->state.load(std::memory_order_acquire) == IdempotencyAnswer::State::in_flight) return;
    next.bytes = next.answer->value.size();
    bytes_ += next.bytes;
    ++settled_;
  }
}

void IdempotencyTable::drop_oldest() {
  const Queued oldest = std::move(oldest_first_.front());
  oldest_first_.pop_front();
  if (settled_ > 0) --settled_;
  bytes_ -= oldest.bytes;
  // A key that was opened again after a failure or its expiry has a newer answer; that one stays.
  const auto found = answers_.find(oldest.answer->key);
  if (found != answers_.end() && found->second == oldest.answer) answers_.erase(found);
}

void IdempotencyTable::evict(WallTime now) {
  count_settled();
  while (!oldest_first_.empty()) {
    const Queued& oldest = oldest_first_.front();
    const bool expired = settled_ > 0 && oldest.answer->inserted_at < now - kKeptFor;
    // Room for one more. Evicting a key that is still in flight only costs its protection: its rows carry the key too.
    if (!expired && oldest_first_.size() < entries_max_ && bytes_ <= bytes_max_) return;
    drop_oldest();
  }
}

}  // namespace sluice
