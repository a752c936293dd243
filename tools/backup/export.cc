#include "tools/backup/export.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "tools/backup/json_slices.h"
#include "tools/commands/admin.h"

namespace sluice {
namespace {

using Members = std::vector<std::pair<std::string_view, std::string_view>>;
constexpr std::string_view kNull = "null";

std::string_view member(const Members& members, std::string_view key) {
  for (const auto& [name, value] : members)
    if (name == key) return value;
  return kNull;
}

void append_member(std::string& line, std::string_view key, std::string_view value) {
  if (line.back() != '{') line += ',';
  ((((line += '"') += key) += "\":")) += value;
}

std::string get(HttpClient& client, const std::string& target) {
  HttpAnswer answer = client.request("GET", target);
  if (answer.status != 200)
    throw std::runtime_error("the server refused to list (" + std::to_string(answer.status) + "): " + answer.body);
  return std::move(answer.body);
}

/// The quoted text without its quotes; empty for null. Ids and cursors hold no escapes.
std::string_view unquoted(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : std::string_view();
}

/// Follows a listing page by page.
template <class Page>
void each_page(HttpClient& client, const std::string& target, std::string_view list, Page&& page) {
  std::string cursor;
  do {
    const std::string body = get(client, cursor.empty() ? target : target + "&cursor=" + percent_encode(cursor));
    const Members members = json_members(body);
    page(json_elements(member(members, list)));
    cursor = unquoted(member(members, "next_cursor"));
  } while (!cursor.empty());
}

/// The label's name in an export, by its id. Names that several labels have, by origin or type, are told apart.
class LabelNames {
 public:
  /// Lists the workspace's labels and appends a line for each new one.
  void read(HttpClient& client, const std::string& workspace, std::string& lines) {
    each_page(client, "/v1/labels?archived=all&limit=1000&workspace=" + percent_encode(workspace), "labels",
              [&](const std::vector<std::string_view>& labels) {
                for (const std::string_view label : labels) add(json_members(label), lines);
              });
  }
  /// Quoted; empty for a label that read() has not seen.
  [[nodiscard]] std::string_view of(std::string_view quoted_id) const {
    const auto found = names_.find(quoted_id);
    return found == names_.end() ? std::string_view() : std::string_view(found->second);
  }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

 private:
  void add(const Members& label, std::string& lines) {
    const std::string id(member(label, "id"));
    if (names_.contains(id)) return;
    const std::string plain(member(label, "name"));
    std::string name = plain;
    for (int number = 2; taken(name); ++number)
      name = plain.substr(0, plain.size() - 1) + " (" + std::to_string(number) + ")\"";
    names_.emplace(id, name);
    lines += R"({"label":{)";
    append_member(lines, "name", name);
    for (const char* const key : {"type", "settings", "description", "project", "allow_notes"})
      if (const std::string_view value = member(label, key); value != kNull) append_member(lines, key, value);
    lines += "}}\n";
  }
  [[nodiscard]] bool taken(const std::string& name) const {
    return std::any_of(names_.begin(), names_.end(), [&](const auto& known) { return known.second == name; });
  }

  std::map<std::string, std::string, std::less<>> names_;
};

/// Lines that come newest first and leave oldest first.
class Reversal {
 public:
  Reversal() {
    const std::string directory = std::filesystem::temp_directory_path().string();
    fd_ = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd_ < 0) throw std::runtime_error("cannot make a temporary file in " + directory + ": " + std::strerror(errno));
  }
  ~Reversal() { ::close(fd_); }
  Reversal(const Reversal&) = delete;
  Reversal& operator=(const Reversal&) = delete;

  void add(const std::vector<std::string>& lines) {
    std::string piece;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) piece += *line;
    if (::pwrite(fd_, piece.data(), piece.size(), static_cast<off_t>(end_)) != static_cast<ssize_t>(piece.size()))
      throw std::runtime_error(std::string("cannot write the temporary file (TMPDIR names its place): ") +
                               std::strerror(errno));
    begins_.push_back(end_);
    end_ += piece.size();
  }
  void write(std::FILE* out) {
    std::string piece;
    for (; !begins_.empty(); begins_.pop_back()) {
      piece.resize(end_ - begins_.back());
      if (::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(begins_.back())) !=
          static_cast<ssize_t>(piece.size()))
        throw std::runtime_error(std::string("cannot read the temporary file: ") + std::strerror(errno));
      std::fwrite(piece.data(), 1, piece.size(), out);
      end_ = begins_.back();
    }
  }

 private:
  int fd_ = -1;
  std::vector<std::size_t> begins_;
  std::size_t end_ = 0;
};

/// One score of a listing as an item of POST /v1/scores.
std::string item_line(const Members& score, std::string_view label_name) {
  std::string line = "{";
  // A score without an id of its client's gets its own: so a second import of the file changes nothing.
  const std::string_view client_id = member(score, "client_id");
  append_member(line, "id", client_id == kNull ? member(score, "id") : client_id);
  append_member(line, "source_type", member(score, "source_type"));
  append_member(line, "source_id", member(score, "source_id"));
  append_member(line, "label_name", label_name);
  append_member(line, "value", member(score, "value"));
  constexpr std::array<const char*, 8> kOptional = {"parent_type",  "parent_id",  "verdict",    "notes",
                                                    "score_source", "queue_item", "event_time", "metadata"};
  for (const char* const key : kOptional)
    if (const std::string_view value = member(score, key); value != kNull) append_member(line, key, value);
  return line += "}\n";
}

}  // namespace

ExportCounts export_scores(HttpClient& client, const ExportOptions& options, std::FILE* out) {
  LabelNames labels;
  std::string label_lines;
  labels.read(client, options.workspace, label_lines);
  ExportCounts counts;
  Reversal lines;
  std::string target =
      "/v1/scores?limit=" + std::to_string(limits::kPageLimit) + "&workspace=" + percent_encode(options.workspace);
  if (!options.annotator.empty()) target += "&annotator_id=" + percent_encode(options.annotator);
  each_page(client, target, "scores", [&](const std::vector<std::string_view>& scores) {
    std::vector<std::string> page;
    for (const std::string_view text : scores) {
      const Members score = json_members(text);
      const std::string_view label = member(score, "label_id");
      if (labels.of(label).empty()) labels.read(client, options.workspace, label_lines);  // Made since the start.
      if (labels.of(label).empty())
        throw std::runtime_error("the score " + std::string(member(score, "id")) + " has a label that is not listed");
      page.push_back(item_line(score, labels.of(label)));
    }
    counts.scores += page.size();
    lines.add(page);
  });
  std::fwrite(label_lines.data(), 1, label_lines.size(), out);
  lines.write(out);
  counts.labels = labels.size();
  return counts;
}

}  // namespace sluice
