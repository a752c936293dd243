#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Decoder of Transfer-Encoding: chunked (RFC 9112 §7.1), strict: no whitespace around the size, bounded size lines and
/// extensions, no trailers, exact CRLFs. Bytes may arrive in any split. Pure; one per message.

namespace sluice {

class ChunkedBody {
 public:
  enum class State : std::uint8_t { need_more, data, done, refused };

  void reset() noexcept { *this = ChunkedBody(); }

  /// Looks at `input`, which follows what was consumed before, up to the next run of body bytes: `consumed` counts
  /// framing and data, `data` is the run (a view into `input`, state data). need_more: all of `input` was consumed.
  struct Step {
    State state = State::need_more;
    std::size_t consumed = 0;
    std::string_view data;
  };
  [[nodiscard]] Step next(std::string_view input) noexcept;
  /// Why, after `refused`. A literal.
  [[nodiscard]] const char* reason() const noexcept { return reason_; }

 private:
  enum class Phase : std::uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    last_cr,
    last_lf,
    done,
    refused
  };
  /// Takes one byte of framing.
  void take(char c) noexcept;
  void take_size(char c) noexcept;
  void expect(char c, char wanted, Phase then) noexcept;
  void refuse(const char* reason) noexcept;

  Phase phase_ = Phase::size_first;
  std::uint64_t left_ = 0;           // Of the current chunk.
  std::size_t line_bytes_ = 0;       // Of the current size line.
  std::size_t extension_bytes_ = 0;  // Of the whole message.
  const char* reason_ = "";
};

}  // namespace sluice
