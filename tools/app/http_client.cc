#include "tools/app/http_client.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <sys/socket.h>
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

HttpClient::~HttpClient() {
  if (fd_ >= 0) ::close(fd_);
}

HttpClient::HttpClient(HttpClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view body) {
  std::string head;
  head.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty()) {
    head += "Content-Type: application/json\r\nContent-Length: ";
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
  }
  answer.body = received.substr(head_end + 4, total - head_end - 4);
  return answer;
}

}  // namespace sluice
