#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "tools/app/settings.h"
#include "tools/http/http_client.h"

/// `sluice export`: a workspace as NDJSON, oldest first. First a line {"label":{…}} for each label, as POST /v1/labels
/// takes it; then the scores, one item of POST /v1/scores per line, labels by name. docs/RELIABILITY.md says what such
/// a file keeps and what it cannot. Failures throw std::runtime_error. Main thread.

namespace sluice {

struct ExportOptions {
  std::string workspace = "default";
  std::string annotator;  ///< A UUID: this annotator's scores only. Empty: all.
};

struct ExportCounts {
  std::uint64_t labels = 0;
  std::uint64_t scores = 0;
};

/// The current state of every score. Reads newest first, so the lines wait in a temporary file until all are there.
[[nodiscard]] ExportCounts export_scores(HttpClient& client, const ExportOptions& options, std::FILE* out);

/// Every event as it was committed, deletes and changes too, each with its place, time, annotator and dialect: for
/// reading, since the native API takes no such item. Takes a checkpoint through `client`, and removes it.
[[nodiscard]] ExportCounts export_events(HttpClient& client, const Settings& settings, const ExportOptions& options,
                                         std::FILE* out);

}  // namespace sluice
