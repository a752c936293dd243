#include <algorithm>
#include <chrono>
#include <string>

#include "engine/base/limits.h"
#include "engine/model/catalogue_codec.h"
#include "engine/model/catalogue_for_test.h"
#include "engine/model/catalogue_limits.h"

/// Labels of people and of dialects: their names, numbers and bounds.

namespace sluice {
namespace {

using CatalogueLabelTest = CatalogueFixture;

TEST_F(CatalogueLabelTest, LabelNamesAreUniquePerTypeAndProjectWhateverTheirCase) {
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

TEST_F(CatalogueLabelTest, LabelsAreFoundByTheirExactName) {
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

TEST_F(CatalogueLabelTest, AnArchivedNameIsFreeAgain) {
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

TEST_F(CatalogueLabelTest, UpdatesChangeWhatTheyNameAndKeepTheNumber) {
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

TEST_F(CatalogueLabelTest, DialectLabelsAreTheirOwn) {
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

TEST_F(CatalogueLabelTest, LabelsPerWorkspaceAreBoundedAndTenThousandAreCheap) {
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

/// Fills a catalogue with labels by their bytes.
struct CatalogueLabelBytesTest : CatalogueFixture {
  /// A label that takes `bytes`, from kSmallest to kLargest.
  [[nodiscard]] Result<CatalogueResult> create_of(std::size_t bytes, WorkspaceNumber workspace = 1) {
    CreateLabel change;
    change.workspace = workspace;
    change.name = "label " + std::to_string(1'000'000 + made++);  // All of one length.
    const std::size_t texts = bytes - kSmallest;
    change.description = std::string(std::min(texts, limits::kStringBytes), 'd');
    change.settings_json = std::string(1 + texts - change.description.size(), ' ');  // None would be stored as "{}".
    return catalogue.apply(change, kNow);
  }
  /// Labels of `bytes` in all, the first of kLargest if there are as many.
  void fill(std::size_t bytes, WorkspaceNumber workspace = 1) {
    while (bytes > 0) {
      const std::size_t next = bytes > kLargest + kSmallest ? kLargest : bytes > kLargest ? bytes - kSmallest : bytes;
      ASSERT_TRUE(create_of(next, workspace).ok()) << bytes;
      bytes -= next;
    }
    (void)drained();
  }
  [[nodiscard]] Result<CatalogueResult> describe(const Uuid& id, std::size_t bytes) {
    UpdateLabel change;
    change.workspace = 1;
    change.id = id;
    change.description = std::string(bytes, 'e');
    return catalogue.apply(change, kNow + 1);
  }

  static constexpr std::size_t kSmallest = sizeof(Label) + sizeof("label 1000000") - 1 + 1;
  static constexpr std::size_t kLargest = kSmallest - 1 + limits::kStringBytes + limits::kSettingsBytes;
  std::size_t made = 0;
};

TEST_F(CatalogueLabelBytesTest, LabelsOfAWorkspaceHoldTheirBytesAndNoByteMore) {
  fill(limits::kLabelBytesPerWorkspace - kSmallest);
  const Result<CatalogueResult> refused = create_of(kSmallest + 1);
  ASSERT_EQ(code(refused), Errc::limit_reached);
  EXPECT_STREQ(refused.error().where, kLabelBytesOfWorkspace);
  const Result<CatalogueResult> last = create_of(kSmallest);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(held_bytes(*last->label), kSmallest);
  EXPECT_EQ(code(create("one more")), Errc::limit_reached);
  EXPECT_EQ(code(catalogue.ensure_dialect_label(1, LabelOrigin::evaluator, "e", kNow)), Errc::label_limit);
  ASSERT_TRUE(catalogue.apply(key_for("second", "k2", "B"), kNow).ok());
  EXPECT_TRUE(create_of(kLargest, 2).ok()) << "another workspace has its own";

  const Uuid first = catalogue.snapshot()->labels(1).front()->id;
  EXPECT_TRUE(archive(first, true).ok()) << "takes no more";
  EXPECT_EQ(code(describe(last->label->id, 1)), Errc::limit_reached);
  EXPECT_TRUE(describe(first, limits::kStringBytes - 1).ok());
  EXPECT_TRUE(describe(first, limits::kStringBytes).ok()) << "what was given back may be taken again";
  EXPECT_TRUE(describe(first, 0).ok());
  EXPECT_TRUE(create("one more").ok());
}

TEST_F(CatalogueLabelBytesTest, OptionsCountAsTheyAreHeld) {
  CreateLabel change;
  change.workspace = 1;
  change.name = "n";
  for (int i = 0; i < 10; ++i) change.rules.options.push_back({"four", ""});
  const Result<CatalogueResult> made_label = catalogue.apply(change, kNow);
  ASSERT_TRUE(made_label.ok());
  EXPECT_EQ(held_bytes(*made_label->label), sizeof(Label) + 1 + sizeof("{}") - 1 + 10 * (sizeof(LabelOption) + 4));
}

TEST_F(CatalogueLabelBytesTest, LabelsOfAllWorkspacesAreBoundedToo) {
  constexpr WorkspaceNumber kFull = limits::kLabelBytes / limits::kLabelBytesPerWorkspace;
  for (WorkspaceNumber workspace = 2; workspace <= kFull + 1; ++workspace) {
    const std::string name = "w" + std::to_string(workspace);
    ASSERT_EQ(catalogue.apply(key_for(name, name, "A"), kNow)->workspace->number, workspace);
  }
  for (WorkspaceNumber workspace = 2; workspace <= kFull; ++workspace) fill(limits::kLabelBytesPerWorkspace, workspace);
  fill(limits::kLabelBytes - (kFull - 1) * limits::kLabelBytesPerWorkspace - 2 * kSmallest, 1);
  EXPECT_TRUE(create_of(kSmallest, kFull + 1).ok());
  const Result<CatalogueResult> refused = create_of(kSmallest + 1, kFull + 1);
  ASSERT_EQ(code(refused), Errc::limit_reached);
  EXPECT_STREQ(refused.error().where, kLabelBytesOfAll);
  EXPECT_TRUE(create_of(kSmallest, kFull + 1).ok());
}

TEST_F(CatalogueLabelBytesTest, ACatalogueThatHoldsMoreIsLoadedAndMayShrink) {
  fill(limits::kLabelBytesPerWorkspace);
  Label extra = *catalogue.snapshot()->labels(1).front();
  extra.number = 1'000'000;
  extra.id = random_uuid();
  extra.name = "extra";
  const CatalogueEntry entry = encode(extra);
  ASSERT_TRUE(catalogue.load(entry.key, entry.value).ok()) << "as an older version stored it";
  EXPECT_EQ(code(create("one more")), Errc::limit_reached);
  EXPECT_TRUE(describe(extra.id, extra.description.size() - 1).ok());
  EXPECT_EQ(code(describe(extra.id, extra.description.size())), Errc::limit_reached);
  EXPECT_TRUE(archive(extra.id, true).ok());
  EXPECT_TRUE(describe(extra.id, 0).ok());
}

}  // namespace
}  // namespace sluice
