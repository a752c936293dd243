#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "engine/base/limits.h"
#include "engine/model/catalogue_for_test.h"

/// The catalogue's stored records: what was drained loads as it was, and damage is refused.

namespace sluice {
namespace {

using CatalogueCodecTest = CatalogueFixture;

TEST_F(CatalogueCodecTest, ADrainedCatalogueLoadsAsItWas) {
  CreateLabel rich;
  rich.workspace = 1;
  rich.type = LabelType::categorical;
  rich.name = "tone";
  rich.description = "how it sounds";
  rich.project = "p";
  rich.settings_json = R"({"options":["kind","rude"]})";
  rich.rules.options = {{"kind", ""}, {"rude", "r"}};
  rich.rules.multi_choice = true;
  rich.rules.min = Decimal{-15, -1};
  rich.rules.step = Decimal{1, -1};
  rich.rules.max_length = 0;
  rich.rules.stars = 7;
  rich.allow_notes = true;
  ASSERT_TRUE(catalogue.apply(rich, kNow).ok());
  ASSERT_TRUE(archive(create("old")->label->id, true).ok());
  ASSERT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e", kNow).ok());
  ASSERT_TRUE(catalogue.apply(key_for("second", "k2", "Bob"), kNow).ok());
  ASSERT_TRUE(catalogue.apply(RevokeKey{"k2"}, kNow + 1).ok());
  ASSERT_TRUE(catalogue.apply(SetWorkspace{"second", true}, kNow).ok());

  // In the order of the keys, as the log's iterator gives them: the newest record of each.
  std::map<std::string, std::string> stored;
  for (const CatalogueEntry& entry : drained()) stored[entry.key] = entry.value;
  Catalogue loaded;
  for (const auto& [key, value] : stored) ASSERT_TRUE(loaded.load(key, value).ok());
  EXPECT_EQ(loaded.snapshot()->keys().size(), 2u);
  EXPECT_TRUE(loaded.snapshot()->key("k2")->revoked);
  EXPECT_EQ(loaded.snapshot()->key("k2")->digest[31], 7);
  EXPECT_TRUE(loaded.snapshot()->workspace_by_name("second")->strict_sources);
  EXPECT_EQ(loaded.snapshot()->workspaces().size(), 2u);
  const Label* const tone = *loaded.snapshot()->label_by_name(1, "tone");
  EXPECT_EQ(tone->rules.options.size(), 2u);
  EXPECT_EQ(tone->rules.options[1].value, "r");
  EXPECT_TRUE(tone->rules.multi_choice && tone->allow_notes);
  EXPECT_EQ(tone->rules.min, (Decimal{-15, -1}));
  EXPECT_FALSE(tone->rules.max);
  EXPECT_EQ(tone->rules.max_length, 0u);
  EXPECT_EQ(tone->rules.stars, 7u);
  EXPECT_EQ(tone->settings_json, rich.settings_json);
  EXPECT_FALSE(loaded.snapshot()->label_by_name(1, "old").ok());

  // It goes on where it stopped: numbers are not given twice, people are known.
  const std::vector<const Label*> before = catalogue.snapshot()->labels(1);
  const Result<CatalogueResult> next = loaded.ensure_dialect_label(1, LabelOrigin::evaluator, "new", kNow);
  ASSERT_TRUE(next.ok());
  EXPECT_GT(next->label->number, before.back()->number);
  EXPECT_EQ(loaded.apply(key_for("second", "k3", "Bob"), kNow)->key->annotator,
            catalogue.snapshot()->key("k2")->annotator);
  std::vector<CatalogueEntry> entries;
  loaded.drain(entries);
  EXPECT_EQ(entries.size(), 2u);  // Nothing that was loaded is written again.
}

TEST_F(CatalogueCodecTest, AKeysRatesAreKeptAndOnlyThenIsItsRecordNew) {
  CreateKey limited = key_for("main", "k-limited", "Bob");
  limited.rates = {.requests = 100, .scores = 0, .bytes = {}};
  ASSERT_TRUE(catalogue.apply(limited, kNow).ok());
  ASSERT_TRUE(catalogue.apply(key_for("main", "k-free", "Bob"), kNow).ok());
  std::vector<CatalogueEntry> entries = drained();
  ASSERT_TRUE(catalogue.apply(RevokeKey{"k-limited"}, kNow).ok());
  std::ranges::move(drained(), std::back_inserter(entries));
  Catalogue loaded;
  std::size_t limited_records = 0;
  for (const CatalogueEntry& entry : entries) {
    ASSERT_TRUE(loaded.load(entry.key, entry.value).ok());
    const bool is_limited = entry.value.find("k-limited") != std::string::npos;
    limited_records += is_limited ? 1 : 0;
    EXPECT_EQ(entry.value[0], is_limited ? 2 : 1) << "an older Sluice reads every other record";
    if (!is_limited) continue;
    for (std::size_t size = 0; size < entry.value.size(); ++size)
      EXPECT_EQ(loaded.load(entry.key, entry.value.substr(0, size)).error().code, Errc::corrupt) << size;
    EXPECT_EQ(loaded.load(entry.key, entry.value + '\0').error().code, Errc::corrupt);
  }
  EXPECT_EQ(limited_records, 2u) << "when it was made and when it was revoked";
  EXPECT_EQ(loaded.snapshot()->key("k-limited")->rates, limited.rates);
  EXPECT_EQ(loaded.snapshot()->key("k-free")->rates, RateLimits());
}

TEST_F(CatalogueCodecTest, RatesAreAtMostTheHighestThatMayBeSet) {
  CreateKey key = key_for("main", "k-high", "Bob");
  key.rates.bytes = limits::kRateMax + 1;
  EXPECT_EQ(catalogue.apply(key, kNow).error().code, Errc::bad_choice);
  key.rates.bytes = limits::kRateMax;
  EXPECT_TRUE(catalogue.apply(key, kNow).ok());
}

TEST_F(CatalogueCodecTest, ChangesDoNotPileUpWhileNothingCanBeWritten) {
  const Uuid id = create("quality")->label->id;
  std::vector<CatalogueEntry> left;
  catalogue.drain(left);
  const std::size_t things = left.size();
  ASSERT_TRUE(create("tone").ok());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(archive(id, i % 2 == 0).ok());
  EXPECT_EQ(drained().size(), 2u) << "one record of each label";
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(archive(id, i % 2 == 0).ok());
    catalogue.drain(left);  // As after a refused group.
  }
  EXPECT_EQ(left.size(), things);
  Catalogue loaded;
  for (const CatalogueEntry& entry : left) ASSERT_TRUE(loaded.load(entry.key, entry.value).ok());
  EXPECT_FALSE(loaded.snapshot()->label_by_id(1, id)->archived) << "the newest record is kept";
}

TEST_F(CatalogueCodecTest, DamagedRecordsAreRefused) {
  ASSERT_TRUE(create("accuracy").ok());
  ASSERT_TRUE(catalogue.apply(SetWorkspace{"main", true}, kNow).ok());
  const std::vector<CatalogueEntry> entries = drained();
  std::set<char> kinds;
  for (const CatalogueEntry& entry : entries) {
    kinds.insert(entry.key[0]);
    Catalogue loaded;
    for (const CatalogueEntry& good : entries) ASSERT_TRUE(loaded.load(good.key, good.value).ok());
    for (std::size_t size = 0; size < entry.value.size(); ++size)
      EXPECT_EQ(loaded.load(entry.key, entry.value.substr(0, size)).error().code, Errc::corrupt) << size;
    EXPECT_EQ(loaded.load(entry.key, entry.value + '\0').error().code, Errc::corrupt);
    std::string newer = entry.value;
    newer[0] = 3;
    EXPECT_EQ(loaded.load(entry.key, newer).error().code, Errc::format_too_new);
    newer[0] = 0;
    EXPECT_EQ(loaded.load(entry.key, newer).error().code, Errc::corrupt);
    EXPECT_EQ(loaded.load(entry.key.substr(0, 4), entry.value).error().code, Errc::corrupt);
  }
  EXPECT_EQ(kinds.size(), 4u);
  Catalogue empty;
  EXPECT_EQ(empty.load(entries.back().key + "x", "").error().code, Errc::corrupt);
  EXPECT_EQ(empty.load(std::string("\x09\0\0\0\x01", 5), "\x01").error().code, Errc::format_too_new);
  EXPECT_EQ(empty.load(std::string("\x01\0\0\0\0", 5), entries[0].value).error().code, Errc::corrupt);
  for (const CatalogueEntry& entry : entries)
    if (entry.key[0] != 1) {  // All but a workspace need theirs.
      EXPECT_EQ(empty.load(entry.key, entry.value).error().code, Errc::corrupt);
    }
}

}  // namespace
}  // namespace sluice
