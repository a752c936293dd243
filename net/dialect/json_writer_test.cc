#include "net/dialect/json_writer.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(JsonWriterTest, EscapesExactlyWhatMustBe) {
  struct Case {
    std::string_view text;
    std::string_view json;
  };
  const Case kCases[] = {
      {"", "\"\""},
      {"plain", "\"plain\""},
      {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
      {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
      {std::string_view("\0\x1F\x7F", 3), "\"\\u0000\\u001f\x7F\""},
      {"\xC3\xA9\xF0\x9F\x98\x80", "\"\xC3\xA9\xF0\x9F\x98\x80\""},
  };
  for (const Case& c : kCases) {
    std::string out;
    append_json_string(out, c.text);
    EXPECT_EQ(out, c.json);
  }
}

TEST(JsonWriterTest, EscapesAtEveryPlaceOfALongText) {
  constexpr std::size_t kLength = 20;
  for (int c = 0; c < 256; ++c) {
    std::string alone;
    append_json_string(alone, std::string(1, static_cast<char>(c)));
    for (std::size_t place = 0; place < kLength; ++place) {
      std::string text(kLength, '!');
      text[place] = static_cast<char>(c);
      std::string out;
      append_json_string(out, text);
      EXPECT_EQ(out, '"' + std::string(place, '!') + alone.substr(1, alone.size() - 2) +
                         std::string(kLength - 1 - place, '!') + '"');
    }
  }
}

TEST(JsonWriterTest, PutsCommasBetweenMembersOnly) {
  std::string out = "{";
  append_json_field(out, "a", "1");
  append_json_key(out, "b");
  append_json_uint(out, 18446744073709551615u);
  append_json_field(out, "c", "{");
  append_json_field(out, "d", "");
  out += '}';
  EXPECT_EQ(out, R"({"a":"1","b":18446744073709551615,"c":"{","d":""})");
}

}  // namespace
}  // namespace sluice
