#include "engine/model/catalogue.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/model/catalogue_for_test.h"

/// Workspaces, people and keys; what holds for every change. Labels: catalogue_label_test.cc.

namespace sluice {
namespace {

using CatalogueTest = CatalogueFixture;

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

TEST_F(CatalogueTest, KeysAndWorkspacesAreBounded) {
  const auto apply = [&](const std::string& workspace, std::size_t key) {
    const Result<CatalogueResult> made = catalogue.apply(key_for(workspace, "key " + std::to_string(key), "A"), kNow);
    return made.ok() ? Errc::ok : made.error().code;
  };
  // One of each is there already: "main" and its key.
  for (std::size_t i = 2; i <= limits::kWorkspaces; ++i) ASSERT_EQ(apply("w" + std::to_string(i), i), Errc::ok) << i;
  EXPECT_EQ(apply("one more", limits::kWorkspaces + 1), Errc::limit_reached);
  for (std::size_t i = limits::kWorkspaces + 1; i <= limits::kKeys; ++i) ASSERT_EQ(apply("main", i), Errc::ok) << i;
  EXPECT_EQ(apply("main", limits::kKeys + 1), Errc::limit_reached);
  EXPECT_EQ(apply("main", limits::kKeys), Errc::ok) << "a repeat";
  const CataloguePtr snapshot = catalogue.snapshot();
  EXPECT_EQ(snapshot->key("key " + std::to_string(limits::kKeys))->number, limits::kKeys)
      << "numbers stay within the limit: tables are made by it";
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
