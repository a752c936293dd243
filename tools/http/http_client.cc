#include "tools/http/http_client.h"

#include <charconv>
#include <utility>

#include <httplib.h>
#include <sys/un.h>

namespace sluice {
namespace {

constexpr time_t kConnectSeconds = 10;
constexpr time_t kSilenceSeconds = 60;
// The admin socket's server is on this machine, and a checkpoint of a large log takes as long as it takes.
constexpr time_t kAdminSeconds = 24 * 3600;

/// http:// or https://, HOST, `:`, PORT, and nothing behind it but slashes.
bool is_server_url(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const std::string_view place = url.substr(scheme.size());
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view port = place.substr(colon + 1);
    int number = 0;
    const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
    return read.ec == std::errc() && read.ptr == port.data() + port.size() && number > 0 && number < 65536;
  }
  return false;
}

const char* explain(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "nobody answers there (is `sluice serve` running?)";
    case httplib::Error::SSLConnection:
      return "the TLS handshake failed (does the server speak TLS on this port?)";
    case httplib::Error::SSLServerVerification:
      return "its certificate is not of an authority that is trusted here, or not for this host (a private authority's "
             "certificate can be named as CA file)";
    case httplib::Error::SSLLoadingCerts:
      return "the CA file cannot be read";
    case httplib::Error::Read:
      return "it closed the connection, or was silent for a minute, before it answered (does it speak TLS?)";
    case httplib::Error::Write:
      return "the request could not be sent";
    default:
      return "the request failed";
  }
}

[[noreturn]] void fail(const std::string& place, httplib::Error error) {
  const std::string text = "no answer from " + place + ": " + explain(error);
  if (error == httplib::Error::SSLConnection || error == httplib::Error::SSLServerVerification ||
      error == httplib::Error::SSLLoadingCerts)
    throw HttpClient::Untrusted(text);
  throw std::runtime_error(text);
}

}  // namespace

struct HttpClient::Connection {
  explicit Connection(const std::string& url) : place(url), client(url) {
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_url_encode(false);  // Targets come encoded.
    client.set_connection_timeout(kConnectSeconds);
    client.set_read_timeout(kSilenceSeconds);
    client.set_write_timeout(kSilenceSeconds);
  }
  std::string place;
  httplib::Client client;
  httplib::Headers headers;  // Of every request.
};

HttpClient::HttpClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&& other) noexcept = default;

HttpClient HttpClient::over_unix_socket(const std::string& path) {
  if (path.size() >= sizeof sockaddr_un::sun_path)
    throw std::runtime_error("the socket path " + path +
                             " is longer than the system allows; use a shorter --data path");
  auto connection = std::make_unique<Connection>(path);
  connection->client.set_address_family(AF_UNIX);
  connection->client.set_read_timeout(kAdminSeconds);
  connection->headers.emplace("Host", "localhost");
  return HttpClient(std::move(connection));
}

HttpClient HttpClient::over_tcp(const std::string& url, const std::string& key, const std::string& ca_file) {
  const std::string place = url.substr(0, url.find_last_not_of('/') + 1);
  if (!is_server_url(place))
    throw std::runtime_error("'" + url + "' is no address: http://HOST:PORT or https://HOST:PORT is expected");
  auto connection = std::make_unique<Connection>(place);
  if (!ca_file.empty()) connection->client.set_ca_cert_path(ca_file);
  connection->headers.emplace("Authorization", "Bearer " + key);
  return HttpClient(std::move(connection));
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                               const HttpHeaders& headers) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = connection_->headers;
  if (!headers.idempotency_key.empty()) request.headers.emplace("Idempotency-Key", headers.idempotency_key);
  if (!body.empty()) {
    request.headers.emplace("Content-Type", headers.content_type);
    request.body = body;
  }
  const httplib::Result result = connection_->client.send(request);
  if (!result) fail(connection_->place, result.error());
  HttpAnswer answer;
  answer.status = result->status;
  answer.body = result->body;
  const std::string retry = result->get_header_value("Retry-After");
  std::from_chars(retry.data(), retry.data() + retry.size(), answer.retry_after_seconds);
  return answer;
}

}  // namespace sluice
