#include "engine/model/catalogue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "engine/base/limits.h"

namespace sluice {
namespace {

constexpr WallTime kNow = 1'700'000'000'000'000'000;

[[nodiscard]] CreateKey key_for(std::string workspace, std::string id, std::string annotator) {
  CreateKey change;
  change.workspace_name = std::move(workspace);
  change.key_id = std::move(id);
  change.digest.fill(7);
  change.name = "of a test";
  change.annotator_name = std::move(annotator);
  change.scopes = kIngest | kRead;
  return change;
}

/// A catalogue with the workspace "main", number 1, and one key.
struct CatalogueTest : testing::Test {
  CatalogueTest() { SLUICE_CHECK(catalogue.apply(key_for("main", "k1", "Ann"), kNow).ok()); }

  [[nodiscard]] Result<CatalogueResult> create(std::string name, LabelType type = LabelType::numeric,
                                               std::string project = "") {
    CreateLabel change;
    change.workspace = 1;
    change.type = type;
    change.name = std::move(name);
    change.project = std::move(project);
    return catalogue.apply(change, kNow);
  }
  [[nodiscard]] Result<CatalogueResult> archive(const Uuid& id, bool archived) {
    UpdateLabel change;
    change.workspace = 1;
    change.id = id;
    change.archived = archived;
    return catalogue.apply(change, kNow + 1);
  }
  [[nodiscard]] std::vector<CatalogueEntry> drained() {
    std::vector<CatalogueEntry> entries;
    catalogue.drain(entries);
    return entries;
  }

  Catalogue catalogue;
};

[[nodiscard]] Errc code(const Result<CatalogueResult>& result) { return result.ok() ? Errc::ok : result.error().code; }

TEST_F(CatalogueTest, AKeyBringsItsWorkspaceAndAnnotator) {
  const CataloguePtr snapshot = catalogue.snapshot();
  const ApiKey* const key = snapshot->key("k1");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->workspace, 1u);
  EXPECT_EQ(key->created_at, kNow);
  const Workspace* const workspace = snapshot->workspace_by_name("main");
  ASSERT_NE(workspace, nullptr);
  EXPECT_EQ(workspace, snapshot->workspace(1));
  const Annotator* const annotator = snapshot->annotator(key->annotator);
  ASSERT_NE(annotator, nullptr);
  EXPECT_EQ(annotator->name, "Ann");
  EXPECT_EQ(snapshot->annotator_by_id(1, annotator->id), annotator);
  EXPECT_EQ(snapshot->annotator_by_id(2, annotator->id), nullptr);
  EXPECT_TRUE(key->principal().may(kRead));
  EXPECT_FALSE(key->principal().may(kAdmin));
}

TEST_F(CatalogueTest, OnePersonIsOneAnnotatorPerWorkspace) {
  struct Case {
    const char* name;
    const char* workspace;
    const char* annotator;
    const char* email;
    bool known;
  };
  CreateKey first = key_for("main", "ann", "Ann with e-mail");
  first.annotator_email = "ann@example.org";
  const AnnotatorNumber with_email = catalogue.apply(first, kNow)->key->annotator;
  EXPECT_NE(with_email, 1u);
  const Case kCases[] = {
      {"same e-mail, other name", "main", "Anne", "ann@example.org", true},
      {"e-mail in other case", "main", "", "Ann@Example.org", true},
      {"other e-mail", "main", "Ann with e-mail", "anne@example.org", false},
      {"same e-mail elsewhere", "other", "Ann", "ann@example.org", false},
  };
  for (const Case& c : kCases) {
    CreateKey change = key_for(c.workspace, std::string("key of ") + c.name, c.annotator);
    change.annotator_email = c.email;
    const Result<CatalogueResult> made = catalogue.apply(change, kNow);
    ASSERT_TRUE(made.ok()) << c.name;
    EXPECT_EQ(made->key->annotator == with_email, c.known) << c.name;
  }
  EXPECT_EQ(catalogue.apply(key_for("main", "by name", "Ann"), kNow)->key->annotator, 1u);
}

TEST_F(CatalogueTest, AnAnnotatorMayBeNamedByItsId) {
  CreateKey change = key_for("main", "k2", "Bob");
  change.annotator_id = random_uuid();
  const AnnotatorNumber bob = catalogue.apply(change, kNow)->key->annotator;
  EXPECT_EQ(catalogue.snapshot()->annotator(bob)->id, *change.annotator_id);
  change.key_id = "k3";
  change.annotator_name = "";
  EXPECT_EQ(catalogue.apply(change, kNow)->key->annotator, bob);
  change.key_id = "k4";
  change.annotator_id = random_uuid();
  change.annotator_name = "Bob";
  EXPECT_EQ(code(catalogue.apply(change, kNow)), Errc::name_taken);
}

TEST_F(CatalogueTest, RepeatsChangeNothing) {
  const Uuid label = create("accuracy")->label->id;
  ASSERT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e", kNow).ok());
  ASSERT_TRUE(catalogue.apply(key_for("main", "k2", "Ann"), kNow).ok());
  ASSERT_TRUE(catalogue.apply(RevokeKey{"k2"}, kNow).ok());
  ASSERT_TRUE(catalogue.apply(SetWorkspace{"main", true}, kNow).ok());
  ASSERT_TRUE(archive(label, true).ok());
  const std::uint64_t version = catalogue.snapshot()->version();
  EXPECT_FALSE(drained().empty());

  EXPECT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e", kNow + 9).ok());
  EXPECT_TRUE(catalogue.apply(key_for("main", "k2", "Ann"), kNow + 9).ok());
  EXPECT_TRUE(catalogue.apply(RevokeKey{"k2"}, kNow + 9).ok());
  EXPECT_TRUE(catalogue.apply(SetWorkspace{"main", true}, kNow + 9).ok());
  EXPECT_TRUE(archive(label, true).ok());
  EXPECT_EQ(catalogue.snapshot()->version(), version);
  EXPECT_TRUE(drained().empty());
}

TEST_F(CatalogueTest, KeysAreRevokedOnceAndForAll) {
  const Result<CatalogueResult> revoked = catalogue.apply(RevokeKey{"k1"}, kNow + 5);
  ASSERT_TRUE(revoked.ok());
  EXPECT_TRUE(revoked->key->revoked);
  EXPECT_EQ(revoked->key->revoked_at, kNow + 5);
  EXPECT_TRUE(catalogue.snapshot()->key("k1")->revoked);
  EXPECT_EQ(code(catalogue.apply(RevokeKey{"nobody"}, kNow)), Errc::not_found);
}

TEST_F(CatalogueTest, AKeyIdBelongsToOneSecret) {
  CreateKey other = key_for("main", "k1", "Ann");
  other.digest.fill(8);
  EXPECT_EQ(code(catalogue.apply(other, kNow)), Errc::name_taken);
  CreateKey elsewhere = key_for("other", "k1", "Ann");
  EXPECT_EQ(code(catalogue.apply(elsewhere, kNow)), Errc::name_taken);
  EXPECT_EQ(catalogue.snapshot()->workspace_by_name("other"), nullptr);
}

TEST_F(CatalogueTest, BadChangesAreNamedAndLeaveNothing) {
  const std::uint64_t version = catalogue.snapshot()->version();
  CreateKey no_scope = key_for("w", "k", "A");
  no_scope.scopes = 0;
  CreateKey odd_scope = key_for("w", "k", "A");
  odd_scope.scopes = 64;
  CreateLabel nowhere;
  nowhere.workspace = 9;
  nowhere.name = "n";
  CreateLabel of_dialect;
  of_dialect.workspace = 1;
  of_dialect.origin = LabelOrigin::evaluator;
  of_dialect.name = "n";
  UpdateLabel missing;
  missing.workspace = 1;
  missing.id = random_uuid();
  struct Case {
    const char* name;
    CatalogueChange change;
    Errc code;
  };
  const Case kCases[] = {
      {"nothing", {}, Errc::bad_choice},
      {"no scope", no_scope, Errc::bad_choice},
      {"unknown scope", odd_scope, Errc::bad_choice},
      {"no key id", key_for("w", "", "A"), Errc::field_blank},
      {"no workspace", key_for("", "k", "A"), Errc::field_blank},
      {"no annotator", key_for("w", "k", ""), Errc::field_blank},
      {"long name", key_for(std::string(limits::kNameBytes + 1, 'w'), "k", "A"), Errc::string_too_long},
      {"unknown workspace", SetWorkspace{"w", true}, Errc::not_found},
      {"label nowhere", nowhere, Errc::not_found},
      {"dialect's label", of_dialect, Errc::bad_choice},
      {"unknown label", missing, Errc::label_not_found},
  };
  for (const Case& c : kCases) EXPECT_EQ(code(catalogue.apply(c.change, kNow)), c.code) << c.name;
  EXPECT_EQ(code(create("")), Errc::field_blank);
  EXPECT_EQ(catalogue.snapshot()->version(), version);
}

TEST_F(CatalogueTest, LabelNamesAreUniquePerTypeAndProjectWhateverTheirCase) {
  EXPECT_EQ(code(create("Accuracy")), Errc::ok);
  EXPECT_EQ(code(create("accuracy")), Errc::name_taken);
  EXPECT_EQ(code(create("ACCURACY", LabelType::star)), Errc::ok);
  EXPECT_EQ(code(create("accuracy", LabelType::numeric, "p")), Errc::ok);
  EXPECT_EQ(code(create("Accuracy", LabelType::numeric, "p")), Errc::name_taken);
  ASSERT_TRUE(catalogue.apply(key_for("second", "k2", "B"), kNow).ok());
  CreateLabel elsewhere;
  elsewhere.workspace = 2;
  elsewhere.name = "accuracy";
  EXPECT_TRUE(catalogue.apply(elsewhere, kNow).ok());
}

TEST_F(CatalogueTest, LabelsAreFoundByTheirExactName) {
  ASSERT_TRUE(create("Accuracy").ok());
  ASSERT_TRUE(create("tone").ok());
  ASSERT_TRUE(create("tone", LabelType::star).ok());
  ASSERT_TRUE(create("TONE", LabelType::text).ok());
  ASSERT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "evaluated", kNow).ok());
  const CataloguePtr snapshot = catalogue.snapshot();
  EXPECT_EQ((*snapshot->label_by_name(1, "Accuracy"))->name, "Accuracy");
  EXPECT_EQ(snapshot->label_by_name(1, "accuracy").error().code, Errc::label_not_found);
  EXPECT_EQ(snapshot->label_by_name(2, "Accuracy").error().code, Errc::label_not_found);
  EXPECT_EQ(snapshot->label_by_name(1, "tone").error().code, Errc::label_ambiguous);
  EXPECT_EQ((*snapshot->label_by_name(1, "TONE"))->type, LabelType::text);
  EXPECT_EQ(snapshot->label_by_name(1, "evaluated").error().code, Errc::label_not_found);
}

TEST_F(CatalogueTest, AnArchivedNameIsFreeAgain) {
  const Uuid first = create("accuracy")->label->id;
  ASSERT_TRUE(archive(first, true).ok());
  EXPECT_TRUE(catalogue.snapshot()->label_by_id(1, first)->archived);
  EXPECT_FALSE(catalogue.snapshot()->label_by_name(1, "accuracy").ok());
  const Result<CatalogueResult> second = create("Accuracy");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(code(archive(first, false)), Errc::name_taken);
  ASSERT_TRUE(archive(second->label->id, true).ok());
  ASSERT_TRUE(archive(first, false).ok());
  EXPECT_EQ((*catalogue.snapshot()->label_by_name(1, "accuracy"))->id, first);
  EXPECT_EQ(catalogue.snapshot()->labels(1).size(), 2u);
}

TEST_F(CatalogueTest, UpdatesChangeWhatTheyNameAndKeepTheNumber) {
  const Result<CatalogueResult> made = create("accuracy");
  UpdateLabel change;
  change.workspace = 1;
  change.id = made->label->id;
  change.name = "precision";
  change.settings_json = R"({"min":1})";
  change.rules = LabelRules{};
  change.rules->min = Decimal{1, 0};
  const Result<CatalogueResult> updated = catalogue.apply(change, kNow + 3);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->label->number, made->label->number);
  EXPECT_EQ(updated->label->created_at, kNow);
  EXPECT_EQ(updated->label->updated_at, kNow + 3);
  EXPECT_EQ(updated->label->rules.min, (Decimal{1, 0}));
  EXPECT_EQ(made->label->name, "accuracy");  // The older snapshot stays as it was.
  EXPECT_FALSE(catalogue.snapshot()->label_by_name(1, "accuracy").ok());
  EXPECT_TRUE(catalogue.snapshot()->label_by_name(1, "precision").ok());
  EXPECT_TRUE(create("accuracy").ok());
  change.name = "ACCURACY";
  EXPECT_EQ(code(catalogue.apply(change, kNow)), Errc::name_taken);
  change.workspace = 2;
  EXPECT_EQ(code(catalogue.apply(change, kNow)), Errc::label_not_found);
}

TEST_F(CatalogueTest, DialectLabelsAreTheirOwn) {
  ASSERT_TRUE(create("quality").ok());
  const Result<CatalogueResult> evaluator = catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "quality", kNow);
  const Result<CatalogueResult> annotation = catalogue.ensure_dialect_label(1, LabelOrigin::annotation, "", kNow);
  ASSERT_TRUE(evaluator.ok() && annotation.ok());
  EXPECT_EQ(evaluator->label->rules.max, (Decimal{1, 0}));
  EXPECT_EQ(evaluator->label->type, LabelType::numeric);
  EXPECT_EQ(annotation->label->name, "annotation");
  EXPECT_FALSE(annotation->label->rules.max);
  const CataloguePtr snapshot = catalogue.snapshot();
  EXPECT_EQ(snapshot->dialect_label(1, LabelOrigin::evaluator, "quality")->number, evaluator->label->number);
  EXPECT_EQ(snapshot->dialect_label(1, LabelOrigin::evaluator, "Quality"), nullptr);  // Exact names.
  EXPECT_EQ(snapshot->dialect_label(1, LabelOrigin::annotation, "annotation")->number, annotation->label->number);
  EXPECT_EQ((*snapshot->label_by_name(1, "quality"))->origin, LabelOrigin::user);
  EXPECT_EQ(snapshot->labels(1).size(), 3u);

  UpdateLabel rename;
  rename.workspace = 1;
  rename.id = evaluator->label->id;
  rename.name = "other";
  EXPECT_EQ(code(catalogue.apply(rename, kNow)), Errc::bad_choice);
  rename.name.reset();
  rename.description = "what it means";
  EXPECT_TRUE(catalogue.apply(rename, kNow).ok());
  EXPECT_EQ(code(catalogue.ensure_dialect_label(9, LabelOrigin::evaluator, "x", kNow)), Errc::not_found);
  EXPECT_EQ(code(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "", kNow)), Errc::field_blank);
  EXPECT_EQ(code(catalogue.ensure_dialect_label(1, LabelOrigin::user, "x", kNow)), Errc::bad_choice);
}

TEST_F(CatalogueTest, LabelsPerWorkspaceAreBoundedAndTenThousandAreCheap) {
  const auto started = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < limits::kLabelsPerWorkspace; ++i)
    ASSERT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e" + std::to_string(i), kNow).ok()) << i;
  const auto took = std::chrono::steady_clock::now() - started;
  RecordProperty("milliseconds", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_EQ(code(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "one more", kNow)), Errc::label_limit);
  EXPECT_EQ(code(create("one more")), Errc::limit_reached);
  EXPECT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e17", kNow).ok());
  const std::vector<const Label*> labels = catalogue.snapshot()->labels(1);
  ASSERT_EQ(labels.size(), limits::kLabelsPerWorkspace);
  for (std::size_t i = 0; i < labels.size(); ++i) EXPECT_EQ(labels[i]->name, "e" + std::to_string(i));
  EXPECT_EQ(drained().size(), 3 + limits::kLabelsPerWorkspace);
}

TEST_F(CatalogueTest, ADrainedCatalogueLoadsAsItWas) {
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

TEST_F(CatalogueTest, DamagedRecordsAreRefused) {
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
    newer[0] = 2;
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

TEST_F(CatalogueTest, ReadersSeeWholeChangesWhileLabelsAreMade) {
  constexpr int kLabels = 500;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::uint64_t version = 0;
    while (!done.load(std::memory_order_acquire)) {
      const CataloguePtr snapshot = catalogue.snapshot();
      EXPECT_GE(snapshot->version(), version);
      version = snapshot->version();
      for (const Label* label : snapshot->labels(1)) EXPECT_EQ(snapshot->label(label->number), label);
    }
  });
  // Two writers that want the same names.
  const auto write = [&] {
    for (int i = 0; i < kLabels; ++i)
      EXPECT_TRUE(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e" + std::to_string(i), kNow).ok());
  };
  std::thread other(write);
  write();
  other.join();
  done.store(true, std::memory_order_release);
  reader.join();
  EXPECT_EQ(catalogue.snapshot()->labels(1).size(), static_cast<std::size_t>(kLabels));
  EXPECT_EQ(drained().size(), 3u + kLabels);
}

}  // namespace
}  // namespace sluice
