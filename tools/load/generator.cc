#include "tools/load/generator.h"

#include <algorithm>

#include "tools/load/answer.h"

namespace sluice::load {
namespace {

constexpr MonotonicTime kSecond = 1'000'000'000;
constexpr MonotonicTime kGrace = 10 * kSecond;       // For answers still under way when the run ends.
constexpr std::size_t kComplaints = 5;
constexpr std::size_t kComplaintBytes = 300;
constexpr std::uint64_t kListedErrors = 1000;        // The native API lists no more bad items than this.

constexpr auto kRelaxed = std::memory_order_relaxed;  // Counters only; nothing is published through them.

bool is_refusal(int status) { return status == 429 || status == 503 || status == 507; }

}  // namespace

Generator::Generator(RunState& state, BodyPool& bodies, std::uint32_t thread, std::size_t connections)
    : state_(state), bodies_(bodies), slots_(connections) {
  if (state.options.rate > 0) {
    const double request_ns = 1e9 * state.options.batch / state.options.rate;
    interval_ns_ = request_ns * state.options.threads;
    offset_ns_ = request_ns * thread;
  }
}

MonotonicTime Generator::due() const noexcept {
  return state_.begin + static_cast<MonotonicTime>(offset_ns_ + interval_ns_ * static_cast<double>(sent_));
}

std::string_view Generator::next(std::size_t slot, MonotonicTime now) {
  MonotonicTime since = now;
  if (interval_ns_ > 0) {
    since = due();
    if (since > now) return {};
    if (since >= state_.end) {
      exhausted_ = true;
      return {};
    }
  }
  const std::uint64_t request = state_.next_request.fetch_add(1, kRelaxed);
  if (state_.options.requests_max != 0 && request >= state_.options.requests_max) {
    exhausted_ = true;
    return {};
  }
  ++sent_;
  slots_[slot] = {true, request, since};
  return bodies_.make(request);
}

bool Generator::stored_as_it_must(std::uint64_t request, const Answer& answer) {
  const std::uint64_t bad = bodies_.bad_items(request);
  switch (state_.options.api) {
    case Api::twosignal: return answer.status == 201;
    case Api::evalguard: return answer.status == 200 && answer.body.find("\"success\":true") != std::string_view::npos;
    case Api::futureagi:
      return answer.status == 200 &&
             (!state_.plan.options().one_source || answer.body.find("\"errors\":[]") != std::string_view::npos);
    case Api::native: break;
  }
  const int status = bad == 0 ? 200 : bad == state_.options.batch ? 400 : 207;
  if (answer.status != status || find_number(answer.body, "\"rejected\"") != bad) return false;
  if (bad == 0) return true;
  // Each bad item, and no other, must be named.
  const std::uint32_t index = state_.plan.template_of(request);
  std::uint64_t named = 0;
  std::string_view rest = answer.body;
  for (std::size_t at = rest.find("\"index\""); at != std::string_view::npos; at = rest.find("\"index\"", 7)) {
    rest.remove_prefix(at);
    const auto item = find_number(rest, "\"index\"");
    if (!item || *item >= state_.options.batch || !state_.plan.bad_in(index, static_cast<std::uint32_t>(*item))) {
      return false;
    }
    ++named;
  }
  counters_.refused_items.fetch_add(bad, kRelaxed);
  return named == std::min(bad, kListedErrors);
}

void Generator::complain(std::uint64_t request, const Answer& answer) {
  counters_.unexpected.fetch_add(1, kRelaxed);
  if (complaints_.size() >= kComplaints) return;
  complaints_.push_back("request " + std::to_string(request) + " (" + std::to_string(bodies_.bad_items(request)) +
                        " bad of " + std::to_string(state_.options.batch) + ") was answered " +
                        std::to_string(answer.status) + ": " + std::string(answer.body.substr(0, kComplaintBytes)));
}

MonotonicTime Generator::answered(std::size_t slot, const Answer& answer, MonotonicTime now) {
  InFlight& in_flight = slots_[slot];
  in_flight.active = false;
  if (answer.status < static_cast<int>(counters_.statuses.size())) {
    counters_.statuses[static_cast<std::size_t>(answer.status)].fetch_add(1, kRelaxed);
  }
  const bool measured = now >= state_.measure_from && now < state_.end;
  if (measured) counters_.measured_answers.fetch_add(1, kRelaxed);
  if (is_refusal(answer.status)) {
    // A refusal that does not say when to come back leaves a client guessing.
    if (answer.head.find("\r\nRetry-After: ") == std::string_view::npos) complain(in_flight.request, answer);
    counters_.refused_requests.fetch_add(1, kRelaxed);
    return now + kSecond;  // What Retry-After asks for at least.
  }
  if (!stored_as_it_must(in_flight.request, answer)) {
    complain(in_flight.request, answer);
    return 0;
  }
  const std::uint64_t scores = state_.options.batch - bodies_.bad_items(in_flight.request);
  acked_.add(in_flight.request);
  if (state_.ack_log != nullptr) state_.ack_log->add(in_flight.request);
  counters_.acked_requests.fetch_add(1, kRelaxed);
  counters_.acked_scores.fetch_add(scores, kRelaxed);
  const std::int64_t latency = now - in_flight.since;
  counters_.recent[counters_.recent_index.load(kRelaxed)].record(latency);
  if (in_flight.since >= state_.measure_from) counters_.latency.record(latency);
  if (measured) {
    counters_.measured_scores.fetch_add(scores, kRelaxed);
    counters_.measured_requests.fetch_add(1, kRelaxed);
  }
  return 0;
}

void Generator::lost(std::size_t slot, const char* why) {
  if (slots_[slot].active) {
    counters_.lost.fetch_add(1, kRelaxed);
    if (complaints_.size() < kComplaints && !state_.options.stop_on_disconnect) {
      complaints_.push_back("request " + std::to_string(slots_[slot].request) + ": " + why);
    }
  }
  slots_[slot].active = false;
  if (state_.options.stop_on_disconnect) state_.stop.store(true, kRelaxed);
}

MonotonicTime Generator::wake_at() const { return interval_ns_ > 0 && !exhausted_ ? due() : 0; }

bool Generator::finished(MonotonicTime now) { return exhausted_ || now >= state_.end || state_.stop.load(kRelaxed); }

MonotonicTime Generator::end_by() const { return state_.stop.load(kRelaxed) ? monotonic_now() : state_.end + kGrace; }

}  // namespace sluice::load
