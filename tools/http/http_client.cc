#include "tools/app/http_client.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice {
namespace {

[[noreturn]] void fail_errno(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail_errno("sending to the server");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

HttpClient HttpClient::over_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("the socket path " + path +
                             " is longer than the system allows; use a shorter --data path");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("opening a socket");
  HttpClient client(fd);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_errno("connecting to " + path);
  return client;
}

HttpClient HttpClient::over_tcp(const std::string& url, const std::string& key) {
  constexpr std::string_view kScheme = "http://";
  std::string place = url.substr(0, url.find('/', kScheme.size()));
  const std::size_t colon = place.rfind(':');
  if (!place.starts_with(kScheme) || colon <= kScheme.size())
    throw std::runtime_error("'" + url + "' is no address: http://HOST:PORT is expected");
  std::string host = place.substr(kScheme.size(), colon - kScheme.size());
  const std::string port = place.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    throw std::runtime_error("cannot find " + url + ": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  const timeval limit{60, 0};
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    HttpClient client(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(client.fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(client.fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(client.fd_, address->ai_addr, address->ai_addrlen) != 0) continue;
    client.host_ = place.substr(kScheme.size());
    client.authorization_ = "Authorization: Bearer " + key + "\r\n";
    return client;
  }
  fail_errno("connecting to " + url);
}

HttpClient::~HttpClient() {
  if (fd_ >= 0) ::close(fd_);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      host_(std::move(other.host_)),
      authorization_(std::move(other.authorization_)) {}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                               const HttpHeaders& headers) {
  std::string head;
  head.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n");
  head += authorization_;
  if (!headers.idempotency_key.empty()) head.append("Idempotency-Key: ").append(headers.idempotency_key).append("\r\n");
  if (!body.empty()) {
    head.append("Content-Type: ").append(headers.content_type).append("\r\nContent-Length: ");
    head += std::to_string(body.size()) + "\r\n";
  }
  head += "\r\n";
  send_all(fd_, head);
  send_all(fd_, body);

  std::string received;
  std::size_t head_end = std::string::npos;
  std::size_t total = std::string::npos;
  HttpAnswer answer;
  while (received.size() < total) {
    char chunk[16 * 1024];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno("reading the server's answer");
    if (got == 0) throw std::runtime_error("the server closed the connection before it answered");
    received.append(chunk, static_cast<std::size_t>(got));
    if (head_end != std::string::npos) continue;
    head_end = received.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    std::size_t length = 0;
    const std::size_t field = received.find("Content-Length: ");
    if (received.size() < 12 || field == std::string::npos || field > head_end)
      throw std::runtime_error("the server's answer is not HTTP with a Content-Length");
    std::from_chars(received.data() + 9, received.data() + 12, answer.status);
    std::from_chars(received.data() + field + 16, received.data() + head_end, length);
    total = head_end + 4 + length;
    const std::size_t retry = received.find("Retry-After: ");
    if (retry < head_end)
      std::from_chars(received.data() + retry + 13, received.data() + head_end, answer.retry_after_seconds);
  }
  answer.body = received.substr(head_end + 4, total - head_end - 4);
  return answer;
}

}  // namespace sluice
