#include "net/transport/address_places.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr AddressPlaces::Address kLoopback6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool is_mapped(const AddressPlaces::Address& address) noexcept {
  return std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

}  // namespace

std::optional<AddressPlaces::Address> peer_address(int descriptor) noexcept {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return std::nullopt;
  return counted_address(peer);
}

std::optional<AddressPlaces::Address> counted_address(const sockaddr_storage& peer) noexcept {
  AddressPlaces::Address address{};
  if (peer.ss_family == AF_INET) {
    std::copy(kMapped.begin(), kMapped.end(), address.begin());
    std::memcpy(address.data() + kMapped.size(), &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, 4);
    return address;
  }
  if (peer.ss_family != AF_INET6) return std::nullopt;
  std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, address.size());
  if (!is_mapped(address) && address != kLoopback6) std::fill(address.begin() + 8, address.end(), std::uint8_t{0});
  return address;
}

bool is_loopback(const AddressPlaces::Address& address) noexcept {
  return address == kLoopback6 || (is_mapped(address) && address[kMapped.size()] == 127);
}

std::optional<AddressPlaces::Place> AddressPlaces::take(int descriptor) {
  if (max_ == 0) return Place();
  const std::optional<Address> address = peer_address(descriptor);
  // A peer that is gone already: its connection ends with the first read.
  return address ? take(*address) : Place();
}

std::optional<AddressPlaces::Place> AddressPlaces::take(const Address& address) {
  if (max_ == 0 || (!count_loopback_ && is_loopback(address))) return Place();
  const std::lock_guard lock(mutex_);
  std::size_t& held = held_[address];
  if (held == max_) return std::nullopt;
  ++held;
  return Place(*this, address);
}

void AddressPlaces::give_back(const Address& address) noexcept {
  const std::lock_guard lock(mutex_);
  const auto at = held_.find(address);
  if (--at->second == 0) held_.erase(at);
}

}  // namespace sluice
