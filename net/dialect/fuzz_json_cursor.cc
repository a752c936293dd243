#include <cstring>
#include <memory>
#include <string>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "net/dialect/json_cursor.h"
#include "net/dialect/json_writer.h"

/// Whatever the walk takes, it takes again when written out anew; and what padding follows never matters.

namespace sluice {
namespace {

/// The document as the walk saw it, written compactly. Nothing: it was refused.
class Copy {
 public:
  explicit Copy(std::string_view text, char padding) {
    static JsonParser parser;
    const auto bytes = std::make_unique<char[]>(text.size() + limits::kPadding);
    if (!text.empty()) std::memcpy(bytes.get(), text.data(), text.size());
    std::memset(bytes.get() + text.size(), padding, limits::kPadding);
    JsonDocument document(parser, arena_);
    code_ = document.parse({bytes.get(), text.size()}, [this](JsonValue& root) { return write(root); });
  }
  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& text() const noexcept { return out_; }

 private:
  Errc write(JsonValue& value) {
    std::string_view text;
    bool truth = false;
    switch (value.kind()) {
      case JsonKind::object:
        return write_object(value);
      case JsonKind::array:
        return write_array(value);
      case JsonKind::string: {
        const Errc code = value.text(text, std::string::npos);
        append_json_string(out_, text);
        return code;
      }
      case JsonKind::number: {
        const Errc code = value.number(text);
        out_ += text;
        return code;
      }
      case JsonKind::boolean: {
        const Errc code = value.boolean(truth);
        out_ += truth ? "true" : "false";
        return code;
      }
      case JsonKind::null:
        out_ += "null";
        return value.skip();
    }
    return Errc::internal;
  }

  Errc write_object(JsonValue& value) {
    out_ += '{';
    bool first = true;
    const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
      if (!first) out_ += ',';
      first = false;
      append_json_string(out_, key);
      out_ += ':';
      return write(member);
    });
    out_ += '}';
    return code;
  }

  Errc write_array(JsonValue& value) {
    out_ += '[';
    const Errc code = value.array([&](std::size_t index, JsonValue& element) -> Errc {
      if (index != 0) out_ += ',';
      return write(element);
    });
    out_ += ']';
    return code;
  }

  Arena arena_;
  std::string out_;
  Errc code_ = Errc::ok;
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const sluice::Copy copy(text, '}');
  SLUICE_CHECK(sluice::Copy(text, '"').code() == copy.code());
  if (copy.code() != sluice::Errc::ok) return 0;
  const sluice::Copy again(copy.text(), '5');
  SLUICE_CHECK(again.code() == sluice::Errc::ok);
  SLUICE_CHECK(again.text() == copy.text());
  return 0;
}
