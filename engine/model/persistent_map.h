#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

/// Immutable map from a 64-bit hash to shared values: a radix tree whose changes copy one path and share the rest, so
/// that a catalogue snapshot of 10,000 labels costs a few nodes. Several values may have the same hash; the caller's
/// predicate tells them apart. A map object is a value: any thread may read its own copy.

namespace sluice {

template <class T>
class PersistentMap {
 public:
  using Pointer = std::shared_ptr<const T>;

  /// The value of that hash that `is` accepts, or nullptr.
  template <class Is>
  [[nodiscard]] const Pointer* find(std::uint64_t hash, const Is& is) const {
    const Node* node = root_.get();
    for (int shift = 0; node != nullptr; shift += kBits) {
      const Slot& slot = node->slots[digit(hash, shift)];
      for (const Leaf* leaf = slot.leaf.get(); leaf != nullptr; leaf = leaf->next.get())
        if (leaf->hash == hash && is(*leaf->value)) return &leaf->value;
      node = slot.node.get();
    }
    return nullptr;
  }

  /// Adds `value`, in place of the one of that hash that `is` accepts.
  template <class Is>
  void put(std::uint64_t hash, const Is& is, Pointer value) {
    root_ = changed(root_.get(), 0, hash, is, std::move(value));
  }
  /// Removes the value of that hash that `is` accepts, if there is one.
  template <class Is>
  void remove(std::uint64_t hash, const Is& is) {
    if (find(hash, is) != nullptr) root_ = changed(root_.get(), 0, hash, is, nullptr);
  }
  /// Every value, in no order.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for_each(root_.get(), visit);
  }

 private:
  static constexpr int kBits = 4;
  struct Node;
  struct Leaf {
    std::uint64_t hash;
    Pointer value;
    std::shared_ptr<const Leaf> next;  // Same hash.
  };
  /// Empty, a chain of leaves of one hash, or a node with the hashes that share the digits so far.
  struct Slot {
    std::shared_ptr<const Leaf> leaf;
    std::shared_ptr<const Node> node;
  };
  struct Node {
    std::array<Slot, 1u << kBits> slots;
  };

  [[nodiscard]] static std::size_t digit(std::uint64_t hash, int shift) noexcept {
    return (hash >> shift) & ((1u << kBits) - 1);
  }

  /// A null `value` removes.
  template <class Is>
  [[nodiscard]] static std::shared_ptr<const Node> changed(const Node* node, int shift, std::uint64_t hash,
                                                           const Is& is, Pointer value) {
    auto copy = node != nullptr ? std::make_shared<Node>(*node) : std::make_shared<Node>();
    Slot& slot = copy->slots[digit(hash, shift)];
    if (slot.node != nullptr) {
      slot.node = changed(slot.node.get(), shift + kBits, hash, is, std::move(value));
    } else if (slot.leaf == nullptr || slot.leaf->hash == hash) {
      slot.leaf = changed_chain(slot.leaf.get(), hash, is, std::move(value));
    } else {
      // Two hashes meet: both go one level down. Different hashes part before the digits end.
      auto below = std::make_shared<Node>();
      below->slots[digit(slot.leaf->hash, shift + kBits)].leaf = std::move(slot.leaf);
      slot.leaf = nullptr;
      slot.node = changed(below.get(), shift + kBits, hash, is, std::move(value));
    }
    return copy;
  }
  template <class Is>
  [[nodiscard]] static std::shared_ptr<const Leaf> changed_chain(const Leaf* chain, std::uint64_t hash, const Is& is,
                                                                 Pointer value) {
    std::shared_ptr<const Leaf> rest;
    for (const Leaf* leaf = chain; leaf != nullptr; leaf = leaf->next.get())
      if (!is(*leaf->value)) rest = std::make_shared<const Leaf>(Leaf{hash, leaf->value, std::move(rest)});
    if (value == nullptr) return rest;
    return std::make_shared<const Leaf>(Leaf{hash, std::move(value), std::move(rest)});
  }
  template <class Visit>
  static void for_each(const Node* node, const Visit& visit) {
    if (node == nullptr) return;
    for (const Slot& slot : node->slots) {
      for (const Leaf* leaf = slot.leaf.get(); leaf != nullptr; leaf = leaf->next.get()) visit(leaf->value);
      for_each(slot.node.get(), visit);
    }
  }

  std::shared_ptr<const Node> root_;
};

}  // namespace sluice
