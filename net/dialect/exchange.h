#pragma once

#include <memory>
#include <vector>

#include "engine/base/api_key.h"
#include "engine/base/arena.h"
#include "engine/ingest/batch.h"
#include "engine/read/read_request.h"
#include "net/dialect/request.h"

/// One request from its head to its reply: everything an endpoint needs and everything it leaves for later steps.
/// Owned by a connection, used by one thread at a time; while `batch` or `read` is lent to the engine nobody touches
/// it.

namespace sluice {

class JsonParser;

/// A bad item, found before the engine saw it.
struct ItemError {
  std::uint32_t item = 0;
  Errc code = Errc::ok;
  std::string_view field;   ///< A literal or a path in the arena; empty: the whole item.
  std::string_view detail;  ///< What was expected, for people; literal or arena. May be empty.
};

/// What an endpoint wants done next. The transport does it and calls resume().
enum class Next : std::uint8_t {
  reply,  ///< `reply` is complete.
  write,  ///< Submit `batch`; afterwards batch.status and outcomes are filled (an overload or full disk is answered by
          ///< the transport in the dialect's shape and never resumes; every other status does resume).
  read,    ///< Run `read`.
  change,  ///< Apply `change`; then, when it succeeded, commit it durably with the empty `batch`.
};

/// Settings that change what dialects accept or answer. Immutable while serving.
struct DialectOptions {
  bool futureagi_envelope = false;  ///< Answer as the public server does ({"status":true,"result":…}).
};

struct Exchange {
  RequestView request;
  Principal principal;
  CataloguePtr catalogue;  ///< As of the request's start; renewed by the transport after write and change.
  const KeyedHash* keys = nullptr;
  const KeyMaker* key_maker = nullptr;  ///< For /v1/keys.
  const DialectOptions* options = nullptr;
  JsonParser* json = nullptr;  ///< The io thread's parser; its results die with the next parse.
  WallTime now = 0;            ///< When the request's head was complete.

  Arena arena;
  Batch batch;
  std::vector<ItemError> item_errors;  ///< By ascending item.
  std::uint32_t items = 0;             ///< Items of the request, good and bad.
  ReadRequest read;
  CatalogueChange change;
  Result<CatalogueResult> changed = Errc::internal;

  Reply reply;
  std::uint32_t step = 0;         ///< The endpoint's own; 0 at start().
  std::uint32_t flags = 0;        ///< The endpoint's own.
  Uuid uuid;                      ///< The endpoint's own (an id from the path, …).
  std::vector<QueryParam> query;  ///< Filled by endpoints that take parameters.
  std::string query_storage;

  void reset() noexcept;
};

}  // namespace sluice
