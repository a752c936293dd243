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
  explicit ActiveRequest(ServerShared& shared) : body_permit(shared.body_bytes), reply_permit(shared.reply_bytes) {}

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
  BytePermit body_permit;                ///< For `body` and what it is decoded to.
  std::unique_ptr<BodyDecoder> decoder;  ///< While decoding.
  bool decoding_counted = false;         ///< The decoder's first buffer is in the permit.
  bool counted = false;                  ///< In its io thread's IngestLoad.
  bool long_body = false;                ///< For its io thread's BodyGate.

  std::optional<IdempotencyRequest> idempotency;
  /// Strict workspaces: which sources of the batch exist.
  ReadRequest source_check;
  std::vector<std::uint32_t> checked_records;  ///< Parallel to source_check.query.sources.

  BytePermit reply_permit;               ///< For a large answer.
  std::string response_head;
  std::size_t sent = 0;                  ///< Of head and body together.

  void reset(BufferPool& buffers) {
    exchange.reset();
    route = nullptr;
    dialect = nullptr;
    coding = Coding::none;
    buffers.give(std::move(body));
    body_size = 0;
    decoding_counted = counted = long_body = false;
    body_permit.release();
    reply_permit.release();
    idempotency.reset();
    if (!checked_records.empty()) source_check.reset();
    checked_records.clear();
    sent = 0;
  }

  /// The answer is complete and its client takes it slowly: what only made it is freed. It may be tens of MB, which
  /// would lie there until the last byte is taken.
  void free_all_but_answer(BufferPool& buffers) {
    exchange.request.body = {};
    buffers.give(std::move(body));
    body_size = 0;
    body_permit.release();
    exchange.batch.free();
    exchange.item_errors = std::vector<ItemError>();
    free(exchange.read);
    exchange.arena.reset();
    free(source_check);
    checked_records = std::vector<std::uint32_t>();
  }

  /// Itself, and what reset() keeps and a large request has made large.
  [[nodiscard]] std::size_t kept_bytes() const noexcept {
    return sizeof *this + exchange.batch.kept_bytes() + exchange.item_errors.capacity() * sizeof(ItemError) +
           kept_bytes(exchange.read) + kept_bytes(source_check) + checked_records.capacity() * sizeof(std::uint32_t) +
           exchange.query_storage.capacity() + exchange.reply.body.capacity();
  }

 private:
  static void free(ReadRequest& read) {
    read.reset();
    read.page.scores = std::vector<Score>();
    read.page.blocks = std::vector<BlockRef>();
    read.exists = std::vector<bool>();
  }
  [[nodiscard]] static std::size_t kept_bytes(const ReadRequest& read) noexcept {
    return read.page.scores.capacity() * sizeof(Score) + read.page.blocks.capacity() * sizeof(BlockRef) +
           read.exists.capacity() / 8;
  }
};

}  // namespace sluice
