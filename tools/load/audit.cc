#include "tools/load/audit.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <thread>

namespace sluice::load {
namespace {

constexpr std::size_t kFindings = 20;
constexpr int kTries = 5;
constexpr MonotonicTime kRest = 200'000'000;
constexpr std::uint64_t kSampleSalt = 0x73616D706C650007u;

struct ExpectedScore {
  std::uint64_t request = 0;
  std::uint32_t item = 0;
  PlannedScore score;
  std::string client_id;
  bool acked = false;
  bool found = false;
};

std::string value_text(const PlannedScore& score) {
  switch (score.kind) {
    case ValueKind::numeric: {
      std::string digits = std::to_string(score.value);
      return "0." + std::string(6 - digits.size(), '0') + digits;
    }
    case ValueKind::option:
      return std::string("option-") + static_cast<char>('a' + score.value);
    case ValueKind::star:
      return std::to_string(score.value + 1);
    case ValueKind::thumb:
      return score.value == 1 ? "up" : "down";
  }
  return {};
}

bool same_value(const PlannedScore& score, const std::string& read) {
  const std::string expected = value_text(score);
  if (score.kind == ValueKind::option || score.kind == ValueKind::thumb) return expected == read;
  double a = 0;
  double b = 0;
  const auto parsed = std::from_chars(read.data(), read.data() + read.size(), a);
  std::from_chars(expected.data(), expected.data() + expected.size(), b);
  return parsed.ec == std::errc{} && parsed.ptr == read.data() + read.size() && a == b;
}

bool same_label(const LoadLabel& label, const ReadScore& read) {
  return label.id.empty() ? label.name == read.label_name : label.id == read.label_id;
}

void find(AuditResult& result, std::string text) {
  if (result.findings.size() < kFindings) result.findings.push_back(std::move(text));
}

std::string describe(const Plan& plan, std::uint64_t source) {
  return std::string(plan.source_type(source)) + " " + to_text(plan.source_uuid(source));
}

std::vector<ExpectedScore> expected_of(const Plan& plan, const AckSet& acked, std::uint64_t source) {
  std::vector<ExpectedScore> expected;
  const PlanOptions& options = plan.options();
  for (std::uint32_t visit = 0; visit < options.visits; ++visit) {
    const std::uint64_t request = plan.visit_of(source, visit);
    const bool was_acked = acked.has(request);
    const std::uint32_t first = options.one_source ? 0 : plan.item_of(source);
    const std::uint32_t last = options.one_source ? options.batch : first + 1;
    for (std::uint32_t item = first; item < last; ++item) {
      ExpectedScore one{request, item, plan.score(request, item), {}, was_acked, false};
      if (one.score.bad) continue;
      if (options.client_ids) one.client_id = to_text(plan.client_uuid(request, item));
      expected.push_back(std::move(one));
    }
  }
  return expected;
}

bool any_acked(const Plan& plan, const AckSet& acked, std::uint64_t source) {
  for (std::uint32_t visit = 0; visit < plan.options().visits; ++visit) {
    if (acked.has(plan.visit_of(source, visit))) return true;
  }
  return false;
}

// Hands out source numbers to the threads and holds those that must be read again.
class Sources {
 public:
  Sources(const Plan& plan, const AckSet& acked, double sample)
      : plan_(plan), acked_(acked), sample_(sample), end_(plan.sources_before(acked.end())) {}

  [[nodiscard]] bool take(std::uint64_t& source) {
    const std::lock_guard lock(mutex_);
    while (next_ < end_) {
      source = next_++;
      const double draw = static_cast<double>(mix(source ^ kSampleSalt) >> 11) * 0x1p-53;
      if (draw < sample_ && any_acked(plan_, acked_, source)) return true;
    }
    return false;
  }
  [[nodiscard]] bool empty() {
    const std::lock_guard lock(mutex_);
    return next_ >= end_;
  }
  [[nodiscard]] std::uint64_t taken() {
    const std::lock_guard lock(mutex_);
    return next_;
  }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  const Plan& plan_;
  const AckSet& acked_;
  const double sample_;
  const std::uint64_t end_;
  std::mutex mutex_;
  std::uint64_t next_ = 0;  // Guarded by mutex_.
};

// One thread's share of the audit.
class Auditor final : public LoopClient {
 public:
  Auditor(const Plan& plan, const std::vector<LoadLabel>& labels, const AckSet& acked, const Endpoint& endpoint,
          const AuditOptions& options, Sources& sources, std::size_t connections)
      : plan_(plan), labels_(labels), acked_(acked), sources_(sources), slots_(connections) {
    tail_ = " HTTP/1.1\r\nHost: " + endpoint.host_header + "\r\nAuthorization: Bearer " + options.key + "\r\n\r\n";
  }

  std::string_view next(std::size_t slot, MonotonicTime) override {
    Read& read = slots_[slot];
    if (!again_.empty()) {
      read = std::move(again_.back());
      again_.pop_back();
    } else {
      read = Read{};
      if (!sources_.take(read.source)) return {};
    }
    request_.assign("GET /v1/scores?source_type=").append(plan_.source_type(read.source)).append("&source_id=");
    append_uuid(request_, plan_.source_uuid(read.source));
    request_.append("&limit=1000");
    if (!read.cursor.empty()) request_.append("&cursor=").append(read.cursor);
    request_ += tail_;
    read.active = true;
    return request_;
  }

  MonotonicTime answered(std::size_t slot, const Answer& answer, MonotonicTime now) override {
    Read& read = slots_[slot];
    read.active = false;
    std::string cursor;
    if (answer.status == 200 && read_scores(answer.body, page_, cursor)) {
      read.scores.insert(read.scores.end(), page_.begin(), page_.end());
      if (!cursor.empty()) {
        read.cursor = cursor;
        again_.push_back(std::move(read));
        return 0;
      }
      ++result_.sources;
      check_source(plan_, labels_, acked_, read.source, read.scores, result_);
      return 0;
    }
    if (answer.status == 429 || answer.status == 503) {
      again_.push_back(std::move(read));
      return now + kRest;
    }
    unreadable(read, std::to_string(answer.status) + ": " + std::string(answer.body.substr(0, 300)));
    return 0;
  }

  void lost(std::size_t slot, const char* why) override {
    Read& read = slots_[slot];
    if (!read.active) {
      if (++cannot_connect_ > 100) give_up_ = true;
      return;
    }
    read.active = false;
    if (++read.tries < kTries) {
      again_.push_back(std::move(read));
    } else {
      unreadable(read, why);
    }
  }
  MonotonicTime wake_at() const override { return 0; }
  bool finished(MonotonicTime) override { return give_up_ || (again_.empty() && sources_.empty()); }
  MonotonicTime end_by() const override { return 0; }

  AuditResult take_result() {
    if (give_up_) {
      ++result_.unreadable;
      find(result_, "the server cannot be reached any more");
    }
    return std::move(result_);
  }

 private:
  struct Read {
    std::uint64_t source = 0;
    bool active = false;
    int tries = 0;
    std::string cursor;
    std::vector<ReadScore> scores;  // Of the pages before.
  };

  void unreadable(const Read& read, const std::string& why) {
    ++result_.unreadable;
    find(result_, "cannot read " + describe(plan_, read.source) + ": " + why);
  }

  const Plan& plan_;
  const std::vector<LoadLabel>& labels_;
  const AckSet& acked_;
  Sources& sources_;
  std::string tail_;
  std::string request_;
  std::vector<Read> slots_;
  std::vector<Read> again_;
  std::vector<ReadScore> page_;
  AuditResult result_;
  int cannot_connect_ = 0;
  bool give_up_ = false;
};

void add(AuditResult& sum, AuditResult part) {
  sum.sources += part.sources;
  sum.scores += part.scores;
  sum.missing += part.missing;
  sum.wrong += part.wrong;
  sum.unexpected += part.unexpected;
  sum.unreadable += part.unreadable;
  for (std::string& text : part.findings) find(sum, std::move(text));
}

}  // namespace

void check_source(const Plan& plan, const std::vector<LoadLabel>& labels, const AckSet& acked, std::uint64_t source,
                  const std::vector<ReadScore>& read, AuditResult& result) {
  std::vector<ExpectedScore> expected = expected_of(plan, acked, source);
  for (const ReadScore& score : read) {
    const auto same = [&](const ExpectedScore& one) {
      if (one.found) return false;
      if (!one.client_id.empty()) return one.client_id == score.client_id;
      return same_label(labels[one.score.label], score) && same_value(one.score, score.value);
    };
    // Of two alike the acked one first: an unanswered one need not be there.
    auto match =
        std::find_if(expected.begin(), expected.end(), [&](const auto& one) { return one.acked && same(one); });
    if (match == expected.end()) match = std::find_if(expected.begin(), expected.end(), same);
    if (match == expected.end()) {
      ++result.unexpected;
      find(result, "not sent, or there twice: " + describe(plan, source) + " label " + score.label_name + " value " +
                       score.value + (score.client_id.empty() ? "" : " client id " + score.client_id));
      continue;
    }
    match->found = true;
    if (!same_label(labels[match->score.label], score) || !same_value(match->score, score.value)) {
      ++result.wrong;
      find(result, "wrong: " + describe(plan, source) + " client id " + score.client_id + ": sent " +
                       labels[match->score.label].name + " = " + value_text(match->score) + ", read " +
                       score.label_name + " = " + score.value);
    } else if (match->acked) {
      ++result.scores;
    }
  }
  for (const ExpectedScore& one : expected) {
    if (!one.acked || one.found) continue;
    ++result.missing;
    find(result, "missing: " + describe(plan, source) + " label " + labels[one.score.label].name + " value " +
                     value_text(one.score) + " (request " + std::to_string(one.request) + ", item " +
                     std::to_string(one.item) + ")");
  }
}

AuditResult run_audit(const Plan& plan, const std::vector<LoadLabel>& labels, const AckSet& acked,
                      const Endpoint& endpoint, const AuditOptions& options) {
  const MonotonicTime begin = monotonic_now();
  Sources sources(plan, acked, options.sample);
  std::vector<std::unique_ptr<Auditor>> auditors;
  std::vector<std::unique_ptr<HttpLoop>> loops;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    const std::size_t connections = std::max<std::size_t>(1, options.connections / options.threads);
    auditors.push_back(std::make_unique<Auditor>(plan, labels, acked, endpoint, options, sources, connections));
    loops.push_back(std::make_unique<HttpLoop>(endpoint, connections, *auditors.back()));
    loops.back()->connect_all();
  }
  AuditResult sum;
  {
    std::vector<std::jthread> threads;
    std::atomic<std::size_t> running{loops.size()};
    for (auto& loop : loops) {
      threads.emplace_back([&loop, &running] {
        loop->run();
        running.fetch_sub(1, std::memory_order_release);
      });
    }
    MonotonicTime shown = begin;
    while (running.load(std::memory_order_acquire) != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (!options.progress || monotonic_now() - shown < 1'000'000'000) continue;
      shown = monotonic_now();
      std::fprintf(stderr, "audit %lu of %lu sources\n", sources.taken(), sources.end());
    }
  }
  for (auto& auditor : auditors) add(sum, auditor->take_result());
  sum.seconds = static_cast<double>(monotonic_now() - begin) / 1e9;
  return sum;
}

}  // namespace sluice::load
