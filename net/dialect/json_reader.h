#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/error.h"

/// Strict JSON. simdjson 3.0.1 finds the tokens; everything else (grammar, depth, duplicate keys, escapes, numbers,
/// what follows the root) is checked by json_cursor.h, because that library's own walk validates only what is asked
/// for. simdjson itself appears only in json_reader.cc. Threads: one JsonParser per io thread. Its memory grows with
/// the largest text of late (4 bytes of address space per byte of text, touched where there are tokens); what a rare
/// large text needed is given back at the next small one.

namespace sluice {

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;
  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Checks that `text` is one JSON object or array within limits::kJsonDepth, kJsonMembers, kKeyBytes, without duplicate
/// keys. `text` needs limits::kPadding readable bytes behind it.
[[nodiscard]] Result<void> validate_json(JsonParser& parser, std::string_view text);

/// For texts that did not come out of a JSON document: query and path parameters.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Which of simdjson's kernels this processor gets, by its name there: haswell, icelake, westmere, fallback.
[[nodiscard]] std::string json_kernel();

}  // namespace sluice
