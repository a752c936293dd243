#include <chrono>
#include <string>

#include "engine/base/limits.h"
#include "engine/model/catalogue_for_test.h"

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

}  // namespace
}  // namespace sluice
