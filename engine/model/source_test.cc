#include "engine/model/source.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr KeyedHash::Key kKey{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

TEST(SourceTest, EverySpellingReadsBack) {
  for (int i = 1; i <= static_cast<int>(SourceSpelling::call_execution); ++i) {
    const auto spelling = static_cast<SourceSpelling>(i);
    EXPECT_FALSE(to_string(spelling).empty()) << i;
    EXPECT_EQ(source_spelling(to_string(spelling)), spelling) << i;
    EXPECT_EQ(canonical(canonical(spelling)), canonical(spelling)) << i;
  }
  EXPECT_EQ(source_spelling("conversation"), SourceSpelling::other);
  EXPECT_EQ(source_spelling(""), SourceSpelling::other);
  EXPECT_EQ(to_string(static_cast<SourceSpelling>(200)), "");
}

TEST(SourceTest, SpellingsOfOneTypeNameTheSameSource) {
  using enum SourceSpelling;
  struct Case {
    SourceRef a, b;
    bool same;
  };
  const Case kCases[] = {
      {{span, "", "x"}, {generation, "", "x"}, true},
      {{span, "", "x"}, {observation_span, "", "x"}, true},
      {{session, "", "x"}, {trace_session, "", "x"}, true},
      {{span, "", "x"}, {trace, "", "x"}, false},
      {{span, "", "x"}, {span, "", "y"}, false},
      {{span, "", "x"}, {span, "", "X"}, false},
      {{other, "turn", "x"}, {other, "turn", "x"}, true},
      {{other, "turn", "x"}, {other, "Turn", "x"}, false},
      {{other, "turn", "x"}, {trace, "", "x"}, false},
  };
  const KeyedHash keys(kKey);
  for (const Case& c : kCases) {
    EXPECT_EQ(same_source(c.a, c.b), c.same) << c.a.type() << " " << c.b.type();
    EXPECT_EQ(source_hash(keys, 7, c.a) == source_hash(keys, 7, c.b), c.same) << c.a.type() << " " << c.b.type();
  }
}

TEST(SourceTest, HashSeparatesWorkspacesTypesAndTexts) {
  const KeyedHash keys(kKey);
  std::set<std::uint64_t> seen;
  for (const WorkspaceNumber workspace : {1u, 2u}) {
    for (int i = 1; i <= static_cast<int>(SourceSpelling::call_execution); ++i)
      seen.insert(source_hash(keys, workspace, {static_cast<SourceSpelling>(i), "", "id"}));
    seen.insert(source_hash(keys, workspace, {SourceSpelling::other, "ab", "c"}));
    seen.insert(source_hash(keys, workspace, {SourceSpelling::other, "a", "bc"}));
  }
  // Eleven spellings of eight canonical types, and two others.
  EXPECT_EQ(seen.size(), 2 * (8 + 2));
}

TEST(SourceTest, TypeIsTheTextThatWasSent) {
  EXPECT_EQ((SourceRef{SourceSpelling::generation, "", "x"}.type()), "generation");
  EXPECT_EQ((SourceRef{SourceSpelling::other, "turn", "x"}.type()), "turn");
}

TEST(SourceTest, IdentifiersAreBoundedPlainText) {
  EXPECT_TRUE(is_identifier("eval_case-2.x"));
  EXPECT_TRUE(is_identifier(std::string(limits::kIdentifierBytes, 'a')));
  for (const std::string& bad : {std::string(), std::string(limits::kIdentifierBytes + 1, 'a'), std::string("a b"),
                                 std::string("a/b"), std::string("\xc3\xa9"), std::string("a\0b", 3)})
    EXPECT_FALSE(is_identifier(bad)) << bad;
}

}  // namespace
}  // namespace sluice
