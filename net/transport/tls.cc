#include "net/transport/tls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/uio.h>

namespace sluice {
namespace {

// Mozilla's "intermediate" list without finite-field Diffie-Hellman: forward secrecy and AEAD only.
constexpr const char* kSuitesOf12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuitesOf13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::size_t kRecordBytes = 16 * 1024;
// What one turn decrypts at most, so that other connections of the thread get theirs.
constexpr std::size_t kTurnBytes = 256 * 1024;

struct FreeContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using OwnedContext = std::unique_ptr<SSL_CTX, FreeContext>;

[[noreturn]] void fail(const std::string& setting, const std::string& file) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  throw std::runtime_error(setting + ": " + file + ": " + (reason == nullptr ? "unreadable" : reason) + ".");
}

struct stat status_of(const std::string& setting, const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0)
    throw std::runtime_error(setting + ": " + file + ": " + std::strerror(errno) + ".");
  return status;
}

/// Differs when one of the files was replaced or written to; a missing file looks like nothing else.
std::string look_of(const std::string& certificate, const std::string& key) {
  std::string look;
  for (const std::string* const file : {&certificate, &key}) {
    struct stat status {};
    if (::stat(file->c_str(), &status) != 0) std::memset(&status, 0, sizeof status);
    for (const auto number : {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
                              static_cast<std::int64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                              status.st_ctim.tv_sec, status.st_ctim.tv_nsec}) {
      look.append(std::to_string(number)).append(1, ' ');
    }
  }
  return look;
}

/// Only http/1.1 is spoken here; a client that names its protocols and not this one is told so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) {
  constexpr std::string_view kProtocol = "http/1.1";
  for (unsigned at = 0; at < in_size;) {
    const unsigned size = in[at];
    if (size > in_size - at - 1) break;
    if (std::string_view(reinterpret_cast<const char*>(in + at + 1), size) == kProtocol) {
      *out = in + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
    at += size + 1;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Without this OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

OwnedContext load(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  (void)status_of("tls_certificate", certificate);
  if ((status_of("tls_key", key).st_mode & S_IRWXO) != 0)
    throw std::runtime_error("tls_key: " + key + " is open to every user of this machine; say chmod o= " + key + ".");

  OwnedContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const c = context.get();
  if (c == nullptr) throw std::runtime_error("TLS cannot be set up: no memory.");
  SSL_CTX_set_security_level(c, 2);
  const bool ready = SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
                     SSL_CTX_set_cipher_list(c, kSuitesOf12) == 1 && SSL_CTX_set_ciphersuites(c, kSuitesOf13) == 1 &&
                     SSL_CTX_set1_groups_list(c, kGroups) == 1 && SSL_CTX_set_num_tickets(c, 0) == 1;
  if (!ready) throw std::runtime_error("TLS cannot be set up: this OpenSSL lacks the suites or groups.");
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // HTTP says itself where a message ends: a client that closes without a TLS goodbye has still sent its request.
  SSL_CTX_set_options(c, SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections hold no record buffers; a response may be offered again from another address after EAGAIN.
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_alpn_select_cb(c, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(c, no_passphrase);

  if (SSL_CTX_use_certificate_chain_file(c, certificate.c_str()) != 1) fail("tls_certificate", certificate);
  if (SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM) != 1) fail("tls_key", key);
  if (SSL_CTX_check_private_key(c) != 1) fail("tls_key", key);
  return context;
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl) noexcept : ssl_(ssl) {}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Step TlsSession::judge(int result) noexcept {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Step::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::want_write;
    default:
      usable_ = false;
      ERR_clear_error();
      return Step::failed;
  }
}

TlsSession::Step TlsSession::handshake() noexcept {
  // The error queue is the thread's: what another connection left there must not be read as ours.
  ERR_clear_error();
  const int result = SSL_accept(ssl_);
  if (result != 1) return judge(result);
  usable_ = true;
  return Step::done;
}

TlsSession::Step TlsSession::read(char* into, std::size_t room, std::size_t& bytes) noexcept {
  room = std::min(room, kTurnBytes);
  bytes = 0;
  while (bytes < room) {
    ERR_clear_error();
    std::size_t some = 0;
    const int result = SSL_read_ex(ssl_, into + bytes, room - bytes, &some);
    if (result != 1) {
      const Step step = judge(result);
      // What was decrypted before the end comes first; the end shows again at the next call.
      return bytes > 0 ? Step::done : step;
    }
    bytes += some;
    if (SSL_has_pending(ssl_) == 0) break;
  }
  return Step::done;
}

bool TlsSession::holds_bytes() const noexcept { return SSL_has_pending(ssl_) != 0; }

ssize_t TlsSession::send(const iovec* parts, std::size_t count) noexcept {
  // One record for head and body together: two would cost a system call and a packet more.
  char record[kRecordBytes];
  std::size_t size = 0;
  for (std::size_t i = 0; i < count && size < sizeof record; ++i) {
    const std::size_t some = std::min(parts[i].iov_len, sizeof record - size);
    std::memcpy(record + size, parts[i].iov_base, some);
    size += some;
  }
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_, record, size, &written);
  if (result == 1) {
    usable_ = true;
    return static_cast<ssize_t>(written);
  }
  const Step step = judge(result);
  usable_ = false;
  // Without renegotiation a write never waits for the peer's bytes.
  errno = step == Step::want_write ? EAGAIN : EPIPE;
  return -1;
}

void TlsSession::say_goodbye() noexcept {
  if (!usable_) return;
  usable_ = false;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_);
  ERR_clear_error();
}

TlsIdentity::TlsIdentity(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      seen_(look_of(certificate_file_, key_file_)),
      context_(load(certificate_file_, key_file_).release()) {}

TlsIdentity::~TlsIdentity() { SSL_CTX_free(context_); }

std::unique_ptr<TlsSession> TlsIdentity::open(int descriptor) {
  ERR_clear_error();
  SSL* ssl = nullptr;
  {
    const std::lock_guard lock(mutex_);
    ssl = SSL_new(context_);  // Holds the context for as long as it lives.
  }
  if (ssl == nullptr) return nullptr;
  auto session = std::make_unique<TlsSession>(ssl);
  if (SSL_set_fd(ssl, descriptor) != 1) return nullptr;
  return session;
}

CertificateReload TlsIdentity::reload(bool always) {
  // Looked at before they are read: a change meanwhile is seen at the next call.
  std::string look = look_of(certificate_file_, key_file_);
  if (!always && look == seen_) return {};
  seen_ = std::move(look);
  OwnedContext fresh;
  try {
    fresh = load(certificate_file_, key_file_);
  } catch (const std::runtime_error& error) {
    return {CertificateReload::Result::refused, error.what()};
  }
  {
    const std::lock_guard lock(mutex_);
    fresh.reset(std::exchange(context_, fresh.release()));
  }
  return {CertificateReload::Result::reloaded, certificate_file_};
}

std::time_t TlsIdentity::not_after() const {
  const std::lock_guard lock(mutex_);
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context_)), &parts) != 1) return 0;
  return ::timegm(&parts);
}

}  // namespace sluice
