#include "net/transport/connection.h"
#include "net/transport/io_thread.h"

/// Connection's dealings with the key's rate limits: requests and bytes are asked for before the body is read, scores
/// once they are counted. What a request took stays taken, whatever becomes of it. And with the limit of an address
/// whose credentials are bad.

namespace sluice {
namespace {

constexpr std::string_view kFailedTooOften =
    "Too many requests from this address had no valid API key. A valid one is still taken.";

}  // namespace

bool Connection::within_failed_auth_rate() {
  const std::optional<AddressPlaces::Address> address = peer_address(socket_.native_handle());
  if (!address) return true;  // The client is gone: nobody reads the answer.
  const std::int64_t wait = shared_.failed_auths.take(*address, shared_.tuning.now());
  if (wait == 0) return true;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::failed_auth)].add();
  refuse_before_body(default_status(Errc::rate_limited), Errc::rate_limited, kFailedTooOften,
                     RateLimiter::retry_after_seconds(wait));
  return false;
}

/// What to tell the client, when the key may not do this now.
std::optional<std::string> Connection::over_rate(RateKind kind, std::uint64_t cost, int& retry_after_seconds) {
  const Principal& principal = request_->exchange.principal;
  const std::uint64_t rate = auth_cache_.rates[static_cast<std::size_t>(kind)];
  if (rate == 0 || principal.key == 0) return std::nullopt;  // The operator's socket has no key and no limit.
  const std::int64_t wait = shared_.rates.take(principal.key, kind, rate, cost, shared_.tuning.now());
  if (wait == 0) return std::nullopt;
  thread_.metrics().backpressure[static_cast<std::size_t>(Backpressure::rate_limit)].add();
  retry_after_seconds = RateLimiter::retry_after_seconds(wait);
  return shared_.rates.message(kind, rate, retry_after_seconds);
}

bool Connection::within_head_rates() {
  if (request_->route->page != OperatorPage::none) return true;
  const RequestHead& head = request_->head;
  int retry_after_seconds = 0;
  std::optional<std::string> refusal = over_rate(RateKind::requests, 1, retry_after_seconds);
  // How long a chunked body is shows as it comes: charge_chunk().
  if (!refusal) refusal = over_rate(RateKind::bytes, head.chunked ? 1 : head.content_length, retry_after_seconds);
  if (!refusal) return true;
  refuse_before_body(default_status(Errc::rate_limited), Errc::rate_limited, *refusal, retry_after_seconds);
  return false;
}

bool Connection::within_score_rate() {
  int retry_after_seconds = 0;
  const std::optional<std::string> refusal =
      over_rate(RateKind::scores, request_->exchange.batch.records.size(), retry_after_seconds);
  if (!refusal) return true;
  refuse(default_status(Errc::rate_limited), Errc::rate_limited, *refusal, retry_after_seconds);
  return false;
}

void Connection::charge_chunk(std::size_t bytes) {
  const Principal& principal = request_->exchange.principal;
  const std::uint64_t rate = auth_cache_.rates[static_cast<std::size_t>(RateKind::bytes)];
  if (rate == 0 || principal.key == 0) return;
  shared_.rates.charge(principal.key, RateKind::bytes, rate, bytes, shared_.tuning.now());
}

}  // namespace sluice
