#include <gtest/gtest.h>

#include "tests/tidy/checks.h"

/// The rules over the repository itself: one test per rule, every finding listed.

namespace sluice::tidy {
namespace {

const std::vector<File>& tree() {
  static const std::vector<File> files = read_tree(SLUICE_SOURCE_DIR);
  return files;
}

void expect_none(const Findings& findings) {
  for (const std::string& found : findings) ADD_FAILURE() << found;
}

void expect_none_in_tree(Findings (*check)(const File&)) {
  for (const File& file : tree()) expect_none(check(file));
}

TEST(TidyTest, TheTreeIsFound) {
  // Were it not, every other test would pass on nothing.
  EXPECT_GT(tree().size(), 100u);
}
TEST(TidyTest, IncludesFollowTheTable) { expect_none_in_tree(check_includes); }
TEST(TidyTest, EverySourceIsListed) { expect_none(check_sources_listed(tree())); }
TEST(TidyTest, LinesAreAtMost120Columns) { expect_none_in_tree(check_line_width); }
TEST(TidyTest, FilesAreAtMost400Lines) { expect_none_in_tree(check_file_length); }
TEST(TidyTest, NoBannedWords) { expect_none_in_tree(check_banned_words); }
TEST(TidyTest, DialectNamesStayInTheirFolders) { expect_none_in_tree(check_dialect_names); }
TEST(TidyTest, NoTemporaryThatCoAwaitDestroysTwice) { expect_none_in_tree(check_co_await); }
TEST(TidyTest, NoPathOfOneMachine) { expect_none_in_tree(check_local_paths); }

}  // namespace
}  // namespace sluice::tidy
