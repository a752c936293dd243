#pragma once

#include <span>

/// How finished work finds its way back to the io thread that waits for it.

namespace sluice {

class Batch;
class ReadRequest;

/// Implemented by net/transport. deliver() is called once per io thread and group by the committer, and once per
/// finished query by a read-pool thread; it must not block and must wake that io thread at most once per call. After
/// it, the engine never touches the batch or the request again.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void deliver(std::size_t io_thread, std::span<Batch* const> batches) noexcept = 0;
  virtual void deliver(std::size_t io_thread, ReadRequest* request) noexcept = 0;
  /// The log's state is unknown (failed sync): no ack may be sent any more. Called once, before the batches of that
  /// group are delivered with outcome_unknown.
  virtual void fatal(const char* what) noexcept = 0;
};

}  // namespace sluice
