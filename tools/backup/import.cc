#include "tools/backup/import.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/base/keyed_hash.h"
#include "engine/base/limits.h"
#include "tools/commands/admin.h"
#include "tools/http/http_client.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};

/// Lines of a file of any size; of one that is too long, only that it was.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : fd_(path == "-" ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
  }
  ~LineReader() {
    if (fd_ > 0) ::close(fd_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// False at the end.
  bool next(std::string& line, bool& too_long) {
    line.clear();
    too_long = false;
    for (bool any = false;; any = true) {
      if (at_ == buffer_.size() && !fill()) return any;
      const std::size_t end = buffer_.find('\n', at_);
      const std::size_t size = std::min(end, buffer_.size()) - at_;
      too_long = too_long || line.size() + size > limits::kLineBytes;
      if (!too_long) line.append(buffer_, at_, size);
      at_ += size;
      if (end == std::string::npos) continue;
      ++at_;
      return true;
    }
  }

 private:
  bool fill() {
    buffer_.resize(std::size_t{1} << 18);
    ssize_t got = -1;
    do got = ::read(fd_, buffer_.data(), buffer_.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) throw std::runtime_error(std::string("cannot read the input: ") + std::strerror(errno));
    buffer_.resize(static_cast<std::size_t>(got));
    at_ = 0;
    return got > 0;
  }

  int fd_;
  std::string buffer_;
  std::size_t at_ = 0;
};

struct Line {
  std::uint64_t number;
  std::string text;
};

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

/// What may be otherwise a moment later.
bool worth_a_retry(int status) { return status == 409 || status == 429 || status == 503 || status == 507; }
bool worth_a_retry(const std::string& code) {
  return code == "overloaded" || code == "disk_full" || code == "outcome_unknown";
}

std::string text_of(const Json& body, const char* name) {
  return body.is_object() && body.contains(name) && body[name].is_string() ? body[name].get<std::string>()
                                                                           : std::string();
}

class Importer {
 public:
  explicit Importer(const ImportOptions& options) : options_(options) {}

  ImportCounts run() {
    LineReader lines(options_.file);
    std::string line;
    bool too_long = false;
    for (std::uint64_t number = 1; lines.next(line, too_long); ++number) {
      if (number < options_.from_line) continue;
      if (too_long) {
        refuse(number, "item_too_long", "is longer than " + std::to_string(limits::kLineBytes) + " bytes");
      } else if (is_blank(line)) {
        continue;
      } else if (const std::string_view label = label_of(line); !label.empty()) {
        send();
        make_label(number, label);
      } else {
        if (batch_.size() == options_.batch || bytes_ + line.size() > kBatchBytes) send();
        bytes_ += line.size() + 1;
        batch_.push_back({number, std::move(line)});
      }
    }
    send();
    return counts_;
  }

 private:
  void refuse(std::uint64_t line, const std::string& code, const std::string& text) {
    ++counts_.refused;
    std::fprintf(stderr, "line %llu: %s (%s)\n", static_cast<unsigned long long>(line), text.c_str(), code.c_str());
  }

  /// The text of the definition in a {"label":{…}} line, as it stands; empty for any other line.
  static std::string_view label_of(std::string_view line) {
    if (line.find("\"label\"") == std::string_view::npos) return {};
    const Json body = Json::parse(line, nullptr, false);
    if (!body.is_object() || body.size() != 1 || !body.contains("label") || !body["label"].is_object()) return {};
    const std::size_t begin = line.find('{', line.find('{') + 1);
    const std::size_t end = line.rfind('}', line.rfind('}') - 1);
    return line.substr(begin, end + 1 - begin);
  }

  void make_label(std::uint64_t line, std::string_view text) {
    const Json label = Json::parse(text);
    const std::string name = text_of(label, "name");
    const std::string type = text_of(label, "type");
    const HttpAnswer listed = ask(line, "GET", "/v1/labels?archived=all&name=" + percent_encode(name), {}, {});
    const Json found = Json::parse(listed.body, nullptr, false);
    if (listed.status != 200) give_up(line, "the server cannot list labels: " + text_of(found, "message"));
    for (const Json& known : found["labels"]) {
      if (known.value("origin", "") != "user") continue;  // A line names labels of the workspace's own.
      if (known.value("type", "") == type && !known.value("archived", false)) return;
      return refuse(line, "name_taken",
                    "the label '" + name + "' exists as " + known.value("type", "") +
                        (known.value("archived", false) ? ", archived; restore it or rename the line's"
                                                        : "; rename one of the two"));
    }
    if (options_.dry_run) return;
    const HttpAnswer made = ask(line, "POST", "/v1/labels", text, {});
    if (made.status != 201)
      return refuse(
          line, "label",
          "the label '" + name + "' was not made: " + text_of(Json::parse(made.body, nullptr, false), "message"));
    ++counts_.labels_made;
  }

  void send() {
    // Items that were refused for overload are sent again, in a batch of their own.
    while (!batch_.empty()) {
      std::string body;
      for (const Line& line : batch_) (body += line.text) += '\n';
      const KeyedHash hash(KeyedHash::Key{});
      const Hash128 digest = hash.hash128(batch_.front().number, body);
      char key[48];
      std::snprintf(key, sizeof key, "import-%016llx%016llx", static_cast<unsigned long long>(digest.high),
                    static_cast<unsigned long long>(digest.low));
      const std::string target = std::string("/v1/scores?results=errors") + (options_.dry_run ? "&dry_run=1" : "");
      HttpHeaders headers{"application/x-ndjson", options_.dry_run ? std::string_view() : std::string_view(key)};
      const HttpAnswer answer = ask(batch_.front().number, "POST", target, body, headers);
      settle(answer);
    }
    bytes_ = 0;
  }

  void settle(const HttpAnswer& answer) {
    const Json body = Json::parse(answer.body, nullptr, false);
    if (!body.is_object() || !body.contains("results"))
      give_up(batch_.front().number, "the server refused the batch (" + std::to_string(answer.status) +
                                         "): " + (body.is_object() ? text_of(body, "message") : answer.body));
    counts_.stored += body.value(options_.dry_run ? "valid" : "stored", std::uint64_t{0});
    std::vector<Line> again;
    for (const Json& result : body["results"]) {
      const std::size_t index = result.value("index", batch_.size());
      if (index >= batch_.size()) continue;
      const std::string code = text_of(result, "code");
      if (worth_a_retry(code)) {
        again.push_back(std::move(batch_[index]));
      } else {
        refuse(batch_[index].number, code, text_of(result, "message"));
      }
    }
    if (!again.empty() && again.size() == batch_.size()) {
      pause(stuck_, answer.retry_after_seconds, again.front().number);
    } else {
      stuck_ = 0;
    }
    batch_ = std::move(again);
  }

  /// One request with its retries; whatever answer is not worth another try.
  HttpAnswer ask(std::uint64_t line, const char* method, const std::string& target, std::string_view body,
                 const HttpHeaders& headers) {
    for (int tries = 0;;) {
      if (!client_) client_.emplace(HttpClient::over_tcp(options_.url, options_.key, options_.ca_file));
      try {
        HttpAnswer answer = client_->request(method, target, body, headers);
        if (!worth_a_retry(answer.status)) return answer;
        last_ = std::to_string(answer.status) + " " + text_of(Json::parse(answer.body, nullptr, false), "message");
        client_.reset();  // Some refusals close the connection.
        pause(tries, answer.retry_after_seconds, line);
      } catch (const GaveUp&) {
        throw;
      } catch (const HttpClient::Untrusted& error) {
        give_up(line, error.what());
      } catch (const std::runtime_error& error) {
        last_ = error.what();
        client_.reset();
        pause(tries, 0, line);
      }
    }
  }

  struct GaveUp : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  [[noreturn]] void give_up(std::uint64_t line, const std::string& reason) {
    throw GaveUp(reason + ".\n  Stored so far: " + std::to_string(counts_.stored) +
                 ". Next: mend that and go on with --from-line " + std::to_string(line) +
                 " (the whole file again does no harm)");
  }
  void pause(int& tries, int seconds, std::uint64_t line) {
    if (++tries == kTries) give_up(line, "gave up after " + std::to_string(kTries) + " tries: " + last_);
    const auto grown = std::min(kFirstPause * (1 << std::min(tries - 1, 10)), kLongestPause);
    std::this_thread::sleep_for(std::max<std::chrono::milliseconds>(grown, std::chrono::seconds(seconds)));
  }

  const ImportOptions options_;
  std::optional<HttpClient> client_;
  std::vector<Line> batch_;
  std::size_t bytes_ = 0;
  int stuck_ = 0;  // Answers in a row that took no item of the batch.
  std::string last_ = "items were refused for overload";
  ImportCounts counts_;
};

}  // namespace

ImportCounts import_scores(const ImportOptions& options) { return Importer(options).run(); }

}  // namespace sluice
