#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// A blocking HTTP/1.1 client for the command line: one request at a time to a server of ours, over TCP, TLS or the
/// admin socket. Connects with the first request, keeps the connection and makes a new one when it was closed. Failures
/// throw std::runtime_error with a sentence for the operator; an answer of any status is none. Threads: one.

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
  /// The server cannot be spoken to in TLS, or not be trusted: trying again is of no use.
  struct Untrusted : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  [[nodiscard]] static HttpClient over_unix_socket(const std::string& path);
  /// `url`: http://HOST:PORT or https://HOST:PORT. Every request carries the key. A server that is silent for a minute
  /// has failed. `ca_file`: PEM with the authorities to trust instead of the system's; empty: the system's.
  [[nodiscard]] static HttpClient over_tcp(const std::string& url, const std::string& key,
                                           const std::string& ca_file = {});
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {},
                                   const HttpHeaders& headers = {});

 private:
  struct Connection;  // Keeps httplib.h, which is large, out of here.
  explicit HttpClient(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace sluice
