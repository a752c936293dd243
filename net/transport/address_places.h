#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

struct sockaddr_storage;

/// How many connections each client address holds. An IPv6 client counts by its /64: one host has as many addresses as
/// it likes in there. Loopback is not counted: behind it stand proxies and tools, many clients in one.
/// Threads: any. A lock, but only where a connection begins and ends; at most limits::kConnections entries.

namespace sluice {

class AddressPlaces {
 public:
  /// IPv4 as ::ffff:a.b.c.d; IPv6 with its lower half zero.
  using Address = std::array<std::uint8_t, 16>;

  /// A connection's place; given back by the destructor. One without an address holds none.
  class Place {
   public:
    Place() = default;
    Place(AddressPlaces& places, const Address& address) : places_(&places), address_(address) {}
    Place(Place&& other) noexcept : places_(other.places_), address_(other.address_) { other.places_ = nullptr; }
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->give_back(address_);
    }

   private:
    AddressPlaces* places_ = nullptr;
    Address address_{};
  };

  /// `per_address_max` 0: nothing is counted. `count_loopback` is for tests, which have no other address.
  AddressPlaces(std::size_t per_address_max, bool count_loopback)
      : max_(per_address_max), count_loopback_(count_loopback) {}

  /// For the peer of a connected socket; nullopt: its address has all it may have.
  [[nodiscard]] std::optional<Place> take(int descriptor);
  /// As take(), for an address in the form above.
  [[nodiscard]] std::optional<Place> take(const Address& address);

 private:
  void give_back(const Address& address) noexcept;

  const std::size_t max_;
  const bool count_loopback_;
  std::mutex mutex_;
  std::map<Address, std::size_t> held_;  // Guarded by mutex_. A tree: nobody can choose addresses that collide.
};

/// What a peer counts as; nullopt: not an Internet address.
[[nodiscard]] std::optional<AddressPlaces::Address> peer_address(int descriptor) noexcept;
[[nodiscard]] std::optional<AddressPlaces::Address> counted_address(const sockaddr_storage& peer) noexcept;
[[nodiscard]] bool is_loopback(const AddressPlaces::Address& address) noexcept;

}  // namespace sluice
