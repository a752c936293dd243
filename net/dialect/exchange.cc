#include "net/dialect/exchange.h"

namespace sluice {

void Exchange::reset() noexcept {
  // The parameters' vector keeps its capacity; everything else of the view is borrowed and simply forgotten.
  std::vector<std::string_view> params = std::move(request.params);
  params.clear();
  request = RequestView{};
  request.params = std::move(params);
  principal = Principal{};
  catalogue.reset();
  now = 0;

  batch.reset();
  item_errors.clear();
  items = 0;
  read.reset();
  change = std::monostate{};
  changed = Errc::internal;

  reply.reset();
  step = 0;
  flags = 0;
  uuid = Uuid{};
  query.clear();
  query_storage.clear();
  arena.reset();  // Last: records and errors borrowed from it.
}

}  // namespace sluice
