#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/dialect/exchange.h"
#include "net/transport/body_decoder.h"
#include "net/transport/byte_buffer.h"
#include "net/transport/chunked_body.h"
#include "net/transport/request_head.h"
#include "net/transport/router.h"
#include "net/transport/server_shared.h"

/// One request being served: its exchange and what the transport keeps beside it. Pooled per io thread, so that idle
/// connections hold none and a busy thread's stay warm in cache.

namespace sluice {

struct ActiveRequest {
  explicit ActiveRequest(ServerShared& shared) : permit(shared) {}

  Exchange exchange;
  RequestHead head;
  const CompiledRoute* route = nullptr;  ///< nullptr: none was found.
  const Dialect* dialect = nullptr;      ///< The shape of refusals.
  Coding coding = Coding::none;
  MonotonicTime started = 0;
  std::array<char, 64> request_id{};

  ByteBuffer body;                       ///< Used when the body does not stay in the connection's own buffer.
  std::size_t body_size = 0;
  ChunkedBody chunks;
  BodyPermit permit;
  std::unique_ptr<BodyDecoder> decoder;  ///< While decoding.
  bool decoding_counted = false;         ///< The decoder's first buffer is in the permit.
  bool counted = false;                  ///< In its io thread's IngestLoad.

  std::optional<IdempotencyRequest> idempotency;
  /// Strict workspaces: which sources of the batch exist.
  ReadRequest source_check;
  std::vector<std::uint32_t> checked_records;  ///< Parallel to source_check.query.sources.

  std::string response_head;
  std::size_t sent = 0;                  ///< Of head and body together.

  void reset(BufferPool& buffers) {
    exchange.reset();
    route = nullptr;
    dialect = nullptr;
    coding = Coding::none;
    buffers.give(std::move(body));
    body_size = 0;
    decoding_counted = counted = false;
    permit.release();
    idempotency.reset();
    checked_records.clear();
    sent = 0;
  }

  /// What reset() keeps and a large request has made large.
  [[nodiscard]] std::size_t kept_bytes() const noexcept {
    const Batch& batch = exchange.batch;
    return batch.records.capacity() * sizeof(ScoreRecord) + batch.outcomes.capacity() * sizeof(RecordOutcome) +
           exchange.reply.body.capacity();
  }
};

}  // namespace sluice
