#pragma once

#include "engine/ingest/ingest_engine.h"
#include "engine/read/score_reader.h"

/// What the transport needs of the engine, so that its tests can stand in for it. Called from io threads.

namespace sluice {

class Backend {
 public:
  virtual ~Backend() = default;
  /// A batch of this workspace would most likely be refused.
  [[nodiscard]] virtual bool crowded(WorkspaceNumber workspace) const noexcept = 0;
  /// As IngestEngine::room_for_barrier(), submit() and wake().
  [[nodiscard]] virtual IngestEngine::Admission room_for_barrier(std::size_t io_thread) const noexcept = 0;
  [[nodiscard]] virtual IngestEngine::Admission submit(Batch& batch, IngestEngine::Wake wake) = 0;
  virtual void wake() noexcept {}
  /// True: answered at once, and nothing will be delivered. False: submit() it.
  [[nodiscard]] virtual bool try_run(ReadRequest&) { return false; }
  /// False: too many queries wait.
  [[nodiscard]] virtual bool submit(ReadRequest& request) = 0;
  /// Once for each query that was delivered, when its thread comes to it.
  virtual void taken_read() noexcept {}
};

class EngineBackend final : public Backend {
 public:
  EngineBackend(IngestEngine& engine, ReadPool& reads) : engine_(engine), reads_(reads) {}
  bool crowded(WorkspaceNumber workspace) const noexcept override { return engine_.crowded(workspace); }
  IngestEngine::Admission room_for_barrier(std::size_t io_thread) const noexcept override {
    return engine_.room_for_barrier(io_thread);
  }
  IngestEngine::Admission submit(Batch& batch, IngestEngine::Wake wake) override { return engine_.submit(batch, wake); }
  void wake() noexcept override { engine_.wake(); }
  bool try_run(ReadRequest& request) override { return reads_.try_run(request); }
  bool submit(ReadRequest& request) override { return reads_.submit(request); }
  void taken_read() noexcept override { reads_.taken(); }

 private:
  IngestEngine& engine_;
  ReadPool& reads_;
};

}  // namespace sluice
