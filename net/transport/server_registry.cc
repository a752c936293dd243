#include "net/dialects/registry.h"
#include "net/transport/server.h"
#include "net/transport/tuning.h"

/// Alone in its file, so that tests with dialects of their own need not link the real ones.

namespace sluice {

Server::Server(const ServerOptions& options, const KeyedHash& keys, const KeyMaker& key_maker, Catalogue& catalogue,
               OperatorPages pages)
    : Server(options, keys, key_maker, catalogue, std::move(pages), dialects(), TransportTuning()) {}

}  // namespace sluice
