#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/dialect/exchange.h"
#include "net/dialect/json_cursor.h"

/// Reads the small JSON objects of /v1/labels, /v1/keys and /v1/workspaces: strict members, first problem kept. Not for
/// the hot path. The body must be one JSON object.

namespace sluice::native {

class FlatBody {
 public:
  explicit FlatBody(Exchange& exchange) : exchange_(exchange), document_(*exchange.json, exchange.arena) {}

  /// Walks the body; `member(key, value)` consumes the value and returns false for a key that does not belong there.
  /// `members` names those that do, for people.
  template <class Member>
  void walk(std::string_view members, Member&& member) {
    const std::string_view body(exchange_.request.body.data(), exchange_.request.body.size());
    const Errc code = document_.parse(body, [&](JsonValue& root) {
      return root.object([&](std::string_view key, JsonValue& value) -> Errc {
        if (!member(key, value))
          refuse(Errc::unknown_field, key,
                 "'" + std::string(key) + "' does not belong here; the members are " + std::string(members) + ".");
        return Errc::ok;
      });
    });
    if (code != Errc::ok) refuse_structure(code, body);
  }

  // Each consumes the value and notes what is wrong with it. They return true, so that a walk can return their result.
  bool text(JsonValue& value, std::string_view field, std::size_t bytes_min, std::size_t bytes_max,
            std::optional<std::string>& out);
  bool flag(JsonValue& value, std::string_view field, std::optional<bool>& out);

  void refuse(Errc code, std::string_view field, std::string message) {
    if (!refusal_) refusal_ = Refusal{status_of(code), code, std::move(message), field, 0};
  }
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  [[nodiscard]] JsonDocument& document() noexcept { return document_; }

 private:
  static int status_of(Errc code) noexcept;
  void refuse_structure(Errc code, std::string_view body);

  Exchange& exchange_;
  JsonDocument document_;
  std::optional<Refusal> refusal_;
};

}  // namespace sluice::native
