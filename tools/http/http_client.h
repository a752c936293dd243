#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A small blocking HTTP/1.1 client for the command line: one request at a time to a server of ours, over TCP or the
/// admin socket. No TLS. Answers always have a Content-Length. Throws std::runtime_error with a sentence for the
/// operator.

namespace sluice {

struct HttpAnswer {
  int status = 0;
  std::string body;
  int retry_after_seconds = 0;  ///< 0: the answer names none.
};

/// What a request says besides its body.
struct HttpHeaders {
  std::string_view content_type = "application/json";
  std::string_view idempotency_key;  ///< Empty: none.
};

class HttpClient {
 public:
  [[nodiscard]] static HttpClient over_unix_socket(const std::string& path);
  /// `url`: http://HOST:PORT. Every request carries the key. A server that is silent for a minute has failed.
  [[nodiscard]] static HttpClient over_tcp(const std::string& url, const std::string& key);
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {},
                                   const HttpHeaders& headers = {});

 private:
  explicit HttpClient(int fd) : fd_(fd) {}
  int fd_ = -1;
  std::string host_ = "localhost";
  std::string authorization_;  // A header line, or empty.
};

}  // namespace sluice
