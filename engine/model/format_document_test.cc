#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "engine/model/catalogue.h"
#include "engine/model/catalogue_codec.h"
#include "engine/model/row.h"
#include "engine/model/row_samples.h"

/// store/README.md shows a block and four catalogue records in hex. These tests make them and look for the lines.

namespace sluice {
namespace {

[[nodiscard]] std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char two[8];
    std::snprintf(two, sizeof two, "%02x ", static_cast<unsigned char>(c));
    out += two;
  }
  if (!out.empty()) out.pop_back();
  return out;
}

/// Sixteen bytes to a line, with their offset.
[[nodiscard]] std::vector<std::string> dump(std::string_view bytes) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    char offset[32];
    std::snprintf(offset, sizeof offset, "%04zx  ", at);
    lines.push_back(offset + hex(bytes.substr(at, 16)));
  }
  return lines;
}

[[nodiscard]] std::string document() {
  std::ifstream file(SLUICE_SOURCE_DIR "/store/README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_documented(const std::vector<std::string>& lines) {
  const std::string text = document();
  std::string all;
  for (const std::string& line : lines) all += line + '\n';
  EXPECT_NE(text.find(all), std::string::npos) << "store/README.md does not show these bytes:\n" << all;
}

TEST(FormatDocumentTest, TheExampleBlockIsTheOneInTheDocument) {
  const KeyedHash keys(samples::kHashKey);
  BlockBuilder builder(keys);
  const RowContext context{1, 2, DialectCode::native, 3, {}};
  ScoreRecord first;
  first.source = {SourceSpelling::trace, {}, "0f0e0d0c-0b0a-4908-8706-050403020100"};
  first.source_hash = source_hash(keys, 1, first.source);
  first.score_source = "api";
  first.event_time = 1'700'000'000'000'000'000;
  Value value;
  value.kind = Value::Kind::number;
  value.number = {85, -2};
  builder.add(first, value, context);

  ScoreRecord second = first;
  second.event_time = 1'700'000'000'250'000'000;
  value.number = {-3, 0};
  builder.add(second, value, context);

  ScoreRecord third;
  third.kind = EventKind::set;
  third.identity = IdentityKind::client_id;
  third.source = {SourceSpelling::other, "turn", "t-17"};
  third.source_hash = source_hash(keys, 1, third.source);
  third.client_id = "c9";
  third.notes = "too short";
  third.has_notes = true;
  value = Value{};
  value.kind = Value::Kind::thumb_down;
  RowContext other_label = context;
  other_label.label = 4;
  builder.add(third, value, other_label);

  std::string bytes;
  BlockPostings postings;
  builder.finish(bytes, postings);
  seal_block(bytes, 1'700'000'000'300'000'000, 7);
  EXPECT_TRUE(BlockView::open(bytes).ok());
  expect_documented(dump(bytes));
}

TEST(FormatDocumentTest, TheExampleRecordsAreTheOnesInTheDocument) {
  const Uuid id = *parse_canonical_uuid("0f0e0d0c-0b0a-4908-8706-050403020100");
  Workspace workspace;
  workspace.number = 1;
  workspace.id = id;
  workspace.name = "main";
  Annotator annotator;
  annotator.number = 2;
  annotator.id = id;
  annotator.workspace = 1;
  annotator.name = "Ann";
  annotator.email = "a@b.c";
  ApiKey key;
  key.number = 1;
  key.id = "slAbCdEfGhIj";
  key.digest.fill(0xD1);
  key.name = std::string("ci");
  key.workspace = 1;
  key.annotator = 2;
  key.scopes = 3;
  Label label;
  label.number = 3;
  label.id = id;
  label.workspace = 1;
  label.name = "accuracy";
  label.settings_json = "{\"min\":0}";
  label.rules.min = Decimal{0, 0};
  label.allow_notes = true;
  workspace.created_at = annotator.created_at = key.created_at = label.created_at = label.updated_at = 1'000'000'000;
  for (const CatalogueEntry& entry : {encode(workspace), encode(annotator), encode(key), encode(label)}) {
    std::vector<std::string> lines = {"key   " + hex(entry.key)};
    for (std::string& line : dump(entry.value)) lines.push_back(std::move(line));
    expect_documented(lines);
  }
}

}  // namespace
}  // namespace sluice
