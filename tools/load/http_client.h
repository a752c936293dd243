#pragma once

#include <string>
#include <string_view>

#include "tools/load/http_loop.h"

/// One blocking request at a time on one connection: the set-up's few calls.

namespace sluice::load {

class HttpClient {
 public:
  HttpClient(const Endpoint& endpoint, std::string key);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  struct Reply {
    int status = 0;
    std::string body;
  };
  /// Throws std::runtime_error when there is no whole answer within 10 s.
  Reply call(std::string_view method, std::string_view path, std::string_view body = {});

 private:
  void connect();
  const Endpoint& endpoint_;
  std::string key_;
  int fd_ = -1;
};

}  // namespace sluice::load
