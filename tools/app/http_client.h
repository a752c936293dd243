#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A small blocking HTTP/1.1 client for the command line: one request at a time to a server of ours, over TCP or the
/// admin socket. Answers always have a Content-Length. Throws std::runtime_error with a sentence for the operator.

namespace sluice {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

class HttpClient {
 public:
  [[nodiscard]] static HttpClient over_unix_socket(const std::string& path);
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {});

 private:
  explicit HttpClient(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace sluice
