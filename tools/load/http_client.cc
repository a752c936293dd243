#include "tools/load/http_client.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace sluice::load {

HttpClient::HttpClient(const Endpoint& endpoint, std::string key) : endpoint_(endpoint), key_(std::move(key)) {}

HttpClient::~HttpClient() {
  if (fd_ >= 0) ::close(fd_);
}

void HttpClient::connect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::socket(endpoint_.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&endpoint_.address), endpoint_.address_size) != 0) {
    throw std::runtime_error("cannot connect to " + endpoint_.host_header + ": " + std::strerror(errno) +
                             " (is `sluice serve` running?)");
  }
}

HttpClient::Reply HttpClient::call(std::string_view method, std::string_view path, std::string_view body) {
  // One connection per call: an idle one may have been closed, and set-up is not where speed counts.
  connect();
  std::string request;
  request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(endpoint_.host_header);
  request.append("\r\nAuthorization: Bearer ").append(key_).append("\r\nConnection: close\r\n");
  if (!body.empty()) {
    request.append("Content-Type: application/json\r\nContent-Length: ");
    request.append(std::to_string(body.size())).append("\r\n");
  }
  request.append("\r\n").append(body);
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    throw std::runtime_error("cannot send to " + endpoint_.host_header);
  }
  std::string answer;
  std::array<char, 16384> part;
  std::size_t whole = std::string::npos;
  std::size_t head = std::string::npos;
  while (answer.size() < whole) {
    const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
    if (got <= 0) break;
    answer.append(part.data(), static_cast<std::size_t>(got));
    if (head != std::string::npos) continue;
    head = answer.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    std::string lower = answer.substr(0, head);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    const std::size_t at = lower.find("content-length:");
    std::size_t length = 0;
    if (at != std::string::npos) {
      const char* digits = lower.data() + at + 15;
      while (*digits == ' ') ++digits;
      std::from_chars(digits, lower.data() + lower.size(), length);
    }
    whole = head + 4 + length;
  }
  Reply reply;
  if (head == std::string::npos || answer.size() < whole || answer.size() < 12) {
    throw std::runtime_error(endpoint_.host_header + " did not answer " + std::string(method) + " " +
                             std::string(path));
  }
  std::from_chars(answer.data() + 9, answer.data() + 12, reply.status);
  reply.body = answer.substr(head + 4);
  return reply;
}

}  // namespace sluice::load
