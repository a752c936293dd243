#pragma once

#include <cstdint>
#include <memory>
#include <vector>

/// The numbers of acked requests: one bit each, in chunks made when first needed. Threads: one owner.

namespace sluice::load {

class AckSet {
 public:
  void add(std::uint64_t request);
  [[nodiscard]] bool has(std::uint64_t request) const noexcept;
  void merge(const AckSet& other);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }  ///< One past the highest.

 private:
  static constexpr std::uint64_t kChunkBits = 1u << 20;
  std::vector<std::unique_ptr<std::uint64_t[]>> chunks_;
  std::uint64_t count_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace sluice::load
