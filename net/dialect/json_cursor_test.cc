#include "net/dialect/json_cursor.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

/// A text with exactly the promised bytes behind it, hostile on purpose: the next line of a batch is such padding.
class Padded {
 public:
  explicit Padded(std::string_view text) : bytes_(new char[text.size() + limits::kPadding]), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
    constexpr std::string_view kHostile = "]}\"0,:\\{[";
    for (std::size_t i = 0; i < limits::kPadding; ++i) bytes_[text.size() + i] = kHostile[i % kHostile.size()];
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

Errc validate(std::string_view text) {
  static JsonParser parser;
  const Padded padded(text);
  return validate_json(parser, padded.view()).error().code;
}

std::string nested(std::size_t depth, char open, char close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i)
    text += open == '{' && i + 1 < depth ? std::string("{\"a\":") : std::string(1, open);
  return text + std::string(depth, close);
}

TEST(JsonCursorTest, AcceptsWhatTheGrammarAllows) {
  const char* const kTexts[] = {
      "{}",
      "[]",
      " [ ] ",
      "\t{\"a\" : 1 , \"b\":[true,false,null]}\r\n",
      R"({"a":"\"\\\/\b\f\n\r\té\ud83d\ude00"})",
      "[0,-0,1.5,-1e5,1E+5,1e-5,0.0,123456789012345678901234567890,1e999]",
      "[\"\"]",
      "[[[]]]",
      R"({"":1})",
      "[\"\xF0\x9F\x98\x80\"]",
      "[\"\x7F\"]",
  };
  for (const char* text : kTexts) EXPECT_EQ(validate(text), Errc::ok) << text;
}

TEST(JsonCursorTest, RefusesWhatTheGrammarForbids) {
  const char* const kTexts[] = {
      "",
      " ",
      "1",
      "\"a\"",
      "null",
      "{",
      "}",
      "[",
      "]",
      "[}",
      "{]",
      "[1,]",
      "[,1]",
      "[1 2]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{\"a\" 1}",
      "{a:1}",
      "{1:1}",
      "{'a':1}",
      "[01]",
      "[1.]",
      "[.5]",
      "[+1]",
      "[-]",
      "[1e]",
      "[1e+]",
      "[1.2.3]",
      "[0x1]",
      "[NaN]",
      "[Infinity]",
      "[-Infinity]",
      "[truex]",
      "[tru]",
      "[nul]",
      "[True]",
      "[1a]",
      "[1\"a\"]",
      "[\"a\"b]",
      "[\"a\"\"b\"]",
      "[\"a\\x\"]",
      "[\"\\u12g4\"]",
      "[\"\\u12\"]",
      "[\"a]",
      "[\"a\nb\"]",
      "[\"a\tb\"]",
      "[1,,2]",
      "{\"a\":1 \"b\":2}",
      "{,}",
      "{\"a\"::1}",
      "[1:2]",
      "\xEF\xBB\xBF[]",
      "[\"\\\"]",
      "[1\f]",
      "[\f]",
      "//c\n[]",
      "[1]/**/",
      "[[1]",
      "{\"a\":[}]",
  };
  for (const char* text : kTexts) {
    const Errc code = validate(text);
    EXPECT_TRUE(code == Errc::malformed_json || code == Errc::trailing_bytes) << text << ' ' << to_string(code);
  }
}

TEST(JsonCursorTest, NamesTheReason) {
  struct Case {
    const char* name;
    std::string text;
    Errc code;
  };
  std::string many = "{";
  for (int i = 0; i < limits::kJsonMembers; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  const Case kCases[] = {
      {"something follows the root", "{} x", Errc::trailing_bytes},
      {"a second root", "{}{}", Errc::trailing_bytes},
      {"a closing bracket too much", "[]]", Errc::trailing_bytes},
      {"invalid UTF-8", "[\"\xFF\"]", Errc::invalid_utf8},
      {"an overlong form", "[\"\xC0\xAF\"]", Errc::invalid_utf8},
      {"a surrogate in UTF-8", "[\"\xED\xA0\x80\"]", Errc::invalid_utf8},
      {"a lone high surrogate", R"(["\ud800"])", Errc::invalid_utf8},
      {"a lone low surrogate", R"(["\udc00x"])", Errc::invalid_utf8},
      {"two high surrogates", R"(["\ud800\ud800"])", Errc::invalid_utf8},
      {"a duplicate key", R"({"a":1,"a":2})", Errc::duplicate_key},
      {"a duplicate key behind an escape", R"({"a":1,"\u0061":2})", Errc::duplicate_key},
      {"a duplicate key below", R"({"x":[{"a":1,"b":2,"a":3}]})", Errc::duplicate_key},
      {"the deepest nesting", nested(16, '[', ']'), Errc::ok},
      {"one deeper", nested(17, '[', ']'), Errc::too_deep},
      {"a hundred deep", nested(100, '{', '}'), Errc::too_deep},
      {"a hundred deep and broken inside", "[" + nested(100, '[', '}') + "]", Errc::malformed_json},
      {"deeper than anybody follows", nested(5000, '[', ']'), Errc::too_deep},
      {"as many members as allowed", many.substr(0, many.size() - 1) + "}", Errc::ok},
      {"one member more", many + "\"z\":0}", Errc::too_many_members},
      {"the longest key", "{\"" + std::string(limits::kKeyBytes, 'k') + "\":1}", Errc::ok},
      {"a longer key", "{\"" + std::string(limits::kKeyBytes + 1, 'k') + "\":1}", Errc::string_too_long},
  };
  for (const Case& c : kCases) EXPECT_EQ(validate(c.text), c.code) << c.name;
}

TEST(JsonCursorTest, EveryTruncationOfATextIsRefused) {
  const std::string text = R"({"a":[1,2.5e3,"xA\n",{"b":true}],"c":null,"d":"end"})";
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(validate(text.substr(0, size)), Errc::ok) << size;
  EXPECT_EQ(validate(text), Errc::ok);
}

TEST(JsonCursorTest, ABadItemDoesNotCostItsNeighbours) {
  JsonParser parser;
  Arena arena;
  JsonDocument document(parser, arena);
  const Padded text(R"([{"v":1},{"v":"x"},{"v":2,"v":3},{"v":)" + nested(50, '[', ']') +
                    R"(},{"w":1},{"v":"\ud800"},7,{"v":4}])");
  std::vector<std::string> seen;
  const Errc code = document.parse(text.view(), [&](JsonValue& root) {
    return root.array([&](std::size_t, JsonValue& item) {
      std::string_view number = "-";
      const Errc item_code = item.object([&](std::string_view key, JsonValue& value) -> Errc {
        if (key != "v") return Errc::unknown_field;  // Left unconsumed on purpose.
        return value.number(number);
      });
      seen.push_back(std::string(number) + ' ' + std::string(to_string(item_code)));
      return Errc::ok;
    });
  });
  EXPECT_EQ(code, Errc::ok);
  EXPECT_FALSE(document.broken());
  EXPECT_EQ(seen, (std::vector<std::string>{"1 ok", "- wrong_type", "2 duplicate_key", "- too_deep", "- unknown_field",
                                            "- invalid_utf8", "- wrong_type", "4 ok"}));
}

TEST(JsonCursorTest, TextsWithoutEscapesAreViewsIntoTheBody) {
  JsonParser parser;
  Arena arena;
  JsonDocument document(parser, arena);
  const Padded text(R"(["plain", "a\n\u00e9\ud83d\ude00b", "" ])");
  std::vector<std::string_view> seen;
  ASSERT_EQ(document.parse(text.view(),
                           [&](JsonValue& root) {
                             return root.array([&](std::size_t, JsonValue& item) {
                               std::string_view out;
                               const Errc code = item.text(out, 100);
                               seen.push_back(out);
                               return code;
                             });
                           }),
            Errc::ok);
  EXPECT_EQ(seen, (std::vector<std::string_view>{"plain",
                                                 "a\n\xC3\xA9\xF0\x9F\x98\x80"
                                                 "b",
                                                 ""}));
  EXPECT_EQ(seen[0].data(), text.view().data() + 2);
}

TEST(JsonCursorTest, RawGivesAValueAsItWasSent) {
  JsonParser parser;
  Arena arena;
  JsonDocument document(parser, arena);
  const Padded text(R"([ { "a" : [ 1 ] } , "x\n" , 1.50 , null])");
  std::vector<std::string_view> seen;
  ASSERT_EQ(document.parse(text.view(),
                           [&](JsonValue& root) {
                             return root.array([&](std::size_t, JsonValue& item) {
                               std::string_view out;
                               const Errc code = item.raw(out);
                               seen.push_back(out);
                               return code;
                             });
                           }),
            Errc::ok);
  EXPECT_EQ(seen, (std::vector<std::string_view>{R"({ "a" : [ 1 ] })", R"("x\n")", "1.50", "null"}));
}

std::string read_input(const std::string& json) {
  JsonParser parser;
  Arena arena;
  JsonDocument document(parser, arena);
  const Padded text("[" + json + "]");
  ValueInput input;
  std::string_view verdict;
  const Errc code = document.parse(text.view(), [&](JsonValue& root) {
    return root.array([&](std::size_t, JsonValue& value) { return read_value_input(value, arena, input, verdict); });
  });
  if (code != Errc::ok) return std::string(to_string(code));
  constexpr const char* kShapes[] = {"bare", "value", "rating", "selected", "text"};
  constexpr const char* kKinds[] = {"absent", "null", "boolean", "number", "text", "list", "failure", "invalid"};
  std::string out = std::string(kShapes[static_cast<int>(input.shape)]) + ' ' + kKinds[static_cast<int>(input.kind)];
  if (!input.text.empty()) out += ' ' + std::string(input.text);
  for (const std::string_view option : input.list) out += ' ' + std::string(option);
  if (!verdict.empty()) out += " verdict=" + std::string(verdict);
  return out;
}

TEST(JsonCursorTest, ReadsTheShapesOfAValue) {
  struct Case {
    const char* json;
    const char* expected;
  };
  const Case kCases[] = {
      {"1.50", "bare number 1.50"},
      {"\"up\"", "bare text up"},
      {"null", "bare null"},
      {"true", "bare boolean"},
      {"[\"a\",\"b\"]", "bare list a b"},
      {"[]", "bare list"},
      {"[1]", "bare invalid"},
      {"{}", "bare invalid"},
      {"{\"value\":3}", "value number 3"},
      {"{\"rating\":4}", "rating number 4"},
      {"{\"selected\":[\"a\"]}", "selected list a"},
      {"{\"text\":\"t\"}", "text text t"},
      {"{\"text\":null}", "text null"},
      {"{\"error\":\"boom\"}", "bare failure boom"},
      {"{\"value\":0.5,\"label\":\"ok\"}", "value number 0.5 verdict=ok"},
      {"{\"label\":null,\"value\":1}", "value number 1"},
      {"{\"value\":1,\"label\":2}", "bare invalid"},
      {"{\"label\":\"x\"}", "bare invalid"},
      {"{\"value\":1,\"rating\":2}", "bare invalid"},
      {"{\"score\":1}", "bare invalid"},
      {"{\"value\":{\"value\":1}}", "value invalid"},
      {"{\"value\":1,\"value\":2}", "duplicate_key"},
      {"{\"error\":1}", "bare invalid"},
  };
  for (const Case& c : kCases) EXPECT_EQ(read_input(c.json), c.expected) << c.json;
}

TEST(JsonCursorTest, AParserServesTextsOfAnySizeInAnyOrder) {
  JsonParser parser;
  for (const std::size_t size : std::initializer_list<std::size_t>{10, 3'000'000, 20, 100'000, 1'500'000, 5}) {
    const Padded text("[\"" + std::string(size, 'x') + "\",1]");
    EXPECT_TRUE(validate_json(parser, text.view()).ok()) << size;
  }
}

}  // namespace
}  // namespace sluice
