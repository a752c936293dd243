#include <algorithm>

#include "net/transport/connection.h"
#include "net/transport/io_thread.h"

/// Connection's dealings with the engine: what an endpoint asks for, and how it comes back.

namespace sluice {
namespace {

/// Answered by the transport; every other status is the endpoint's to put into words.
bool is_transport_refusal(Errc status) noexcept {
  return status == Errc::overloaded || status == Errc::disk_full || status == Errc::stopping ||
         status == Errc::outcome_unknown;
}

}  // namespace

void Connection::run_read() {
  ReadRequest& read = request_->exchange.read;
  if (shared_.backend->try_run(read)) return on_read_run();
  read.io_thread = thread_.index();
  read.owner = this;
  phase_ = Phase::lent;
  ++pending_;
  if (shared_.backend->submit(read)) return;
  --pending_;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::read_pool)].add();
  // A write may read back what it stored: then nobody may say that nothing was.
  const bool stored = std::ranges::any_of(request_->exchange.batch.outcomes, &RecordOutcome::stored);
  refuse(stored ? Errc::outcome_unknown : Errc::overloaded);
}

void Connection::on_delivered(ReadRequest& read) {
  --pending_;
  if (phase_ == Phase::lent) {
    if (&read == &request_->source_check) {
      if (read.status != Errc::ok) {
        refuse(read.status);
      } else {
        for (std::size_t i = 0; i < request_->checked_records.size(); ++i) {
          if (!read.exists[i])
            request_->exchange.batch.records[request_->checked_records[i]].precheck = Errc::source_not_found;
        }
        submit_batch();
      }
    } else {
      on_read_run();
    }
    drive();
  }
  settle();
}

void Connection::on_read_run() {
  // What was read may carry a label or an annotator that is younger than the request.
  request_->exchange.catalogue = thread_.catalogue();
  call_endpoint(false);
}

/// A change shows at once and goes with the next group, whoever's that is: so it is made only when the barrier behind
/// it will be taken, and from then on nobody may say that nothing was stored.
void Connection::apply_change() {
  Exchange& exchange = request_->exchange;
  const IngestEngine::Admission room = shared_.backend->room_for_barrier(thread_.index());
  if (room == IngestEngine::Admission::full) {
    thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::admission_full)].add();
    return refuse(Errc::overloaded);
  }
  if (room != IngestEngine::Admission::accepted) return take_admission(room);
  exchange.changed = shared_.catalogue.apply(exchange.change, exchange.now);
  if (!exchange.changed.ok()) return call_endpoint(false);
  exchange.catalogue = exchange.changed->snapshot;
  begin_write();
}

void Connection::begin_write() {
  Exchange& exchange = request_->exchange;
  Batch& batch = exchange.batch;
  if (!within_score_rate()) return;
  batch.principal = exchange.principal;
  batch.io_thread = thread_.index();
  batch.owner = this;
  // A barrier behind a catalogue change stores no answer worth replaying.
  if (!batch.records.empty()) batch.idempotency = request_->idempotency;
  const Workspace* const workspace = exchange.catalogue->workspace(batch.principal.workspace);
  if (workspace != nullptr && workspace->strict_sources) return check_sources();
  submit_batch();
}

void Connection::check_sources() {
  ActiveRequest& request = *request_;
  ScoreQuery& query = request.source_check.query;
  request.source_check.reset();
  request.checked_records.clear();
  const std::vector<ScoreRecord>& records = request.exchange.batch.records;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].kind != EventKind::set || records[i].precheck != Errc::ok) continue;
    query.sources.push_back(records[i].source);
    query.parents.push_back(records[i].parent_in_identity ? records[i].parent : SourceRef{});
    request.checked_records.push_back(static_cast<std::uint32_t>(i));
  }
  if (query.sources.empty()) return submit_batch();
  query.by = ScoreQuery::By::source_exists;
  query.workspace = request.exchange.batch.principal.workspace;
  request.source_check.io_thread = thread_.index();
  request.source_check.owner = this;
  phase_ = Phase::lent;
  ++pending_;
  if (shared_.backend->submit(request.source_check)) return;
  --pending_;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::read_pool)].add();
  refuse(Errc::overloaded);
}

void Connection::submit_batch() {
  const bool changed = request_->exchange.changed.ok();
  // Who came first goes first: nobody overtakes those that already wait for room. A change's barrier takes none.
  if (!changed && thread_.someone_waits()) return take_admission(IngestEngine::Admission::full);
  phase_ = Phase::lent;
  ++pending_;
  const IngestEngine::Admission admission = thread_.submit(request_->exchange.batch);
  if (admission == IngestEngine::Admission::accepted) return;
  --pending_;
  if (changed) return refuse(Errc::outcome_unknown);
  take_admission(admission);
}

void Connection::take_admission(IngestEngine::Admission admission) {
  const auto count = [this](Backpressure stage) {
    thread_.metrics().backpressure[static_cast<std::size_t>(stage)].add();
  };
  switch (admission) {
    case IngestEngine::Admission::accepted:
      return;
    case IngestEngine::Admission::full:
    case IngestEngine::Admission::over_share:
      // What waits is in none of the engine's counts, and may be many times its body: it takes room like one.
      if (!hold_body(request_->body_permit.held() + request_->exchange.batch.records.size() * sizeof(ScoreRecord)))
        return refuse(Errc::overloaded);
      count(Backpressure::admission_wait);
      phase_ = Phase::admission;
      admission_until_ = shared_.tuning.now() + shared_.tuning.admission_wait_ns;
      return thread_.wait_for_admission(*this);
    case IngestEngine::Admission::disk_full:
      count(Backpressure::disk_full);
      return refuse(Errc::disk_full);
    case IngestEngine::Admission::stopping:
      return refuse(Errc::stopping);
  }
}

IngestEngine::Admission Connection::on_admission_turn(MonotonicTime now) {
  using Admission = IngestEngine::Admission;
  phase_ = Phase::lent;
  ++pending_;
  const Admission admission = thread_.submit(request_->exchange.batch);
  if (admission == Admission::accepted) return admission;
  --pending_;
  phase_ = Phase::admission;
  if (admission == Admission::full || admission == Admission::over_share) {
    if (now < admission_until_) return admission;
    thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::admission_full)].add();
    refuse(Errc::overloaded);
  } else {
    take_admission(admission);
  }
  drive();
  settle();
  return Admission::accepted;
}

void Connection::on_delivered(Batch& batch) {
  --pending_;
  if (phase_ == Phase::lent) {
    if (is_transport_refusal(batch.status)) {
      // A refused group's catalogue records go with the next group.
      refuse(request_->exchange.changed.ok() ? Errc::outcome_unknown : batch.status);
    } else {
      request_->exchange.catalogue = thread_.catalogue();  // Knows every label that the outcomes name.
      call_endpoint(false);
    }
    drive();
  }
  settle();
}

}  // namespace sluice
