#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include <sys/types.h>

#include "net/transport/server.h"

/// TLS 1.2 and 1.3 for the TCP listener, by OpenSSL. No compression, renegotiation, early data, session cache or
/// tickets: nothing a client sends is kept beyond its connection, and nothing can be replayed.

struct iovec;
struct ssl_st;
struct ssl_ctx_st;

namespace sluice {

/// TLS of one connection, over its non-blocking socket. Writes with write(2): the process must ignore SIGPIPE.
/// Threads: its connection's io thread.
class TlsSession {
 public:
  enum class Step : std::uint8_t { done, want_read, want_write, failed };

  explicit TlsSession(ssl_st* ssl) noexcept;
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  [[nodiscard]] Step handshake() noexcept;
  /// `done`: `bytes` (> 0) were decrypted. `failed`: the peer ended, or broke the protocol.
  [[nodiscard]] Step read(char* into, std::size_t room, std::size_t& bytes) noexcept;
  /// Whether the next read() may find bytes that no poll of the socket shows, whole requests or part of a record.
  [[nodiscard]] bool holds_bytes() const noexcept;
  /// As sendmsg(2): bytes taken, or -1 and errno. After EAGAIN the next call must offer the same bytes again.
  [[nodiscard]] ssize_t send(const iovec* parts, std::size_t count) noexcept;
  /// Tells the peer that nothing follows, if that can be said now.
  void say_goodbye() noexcept;

 private:
  [[nodiscard]] Step judge(int result) noexcept;

  ssl_st* const ssl_;
  bool usable_ = false;  // Handshake done, nothing failed, no record half sent.
};

/// Certificate and key, from two PEM files. A reload replaces them as a whole or not at all; connections keep what they
/// began with. Threads: open() and not_after() from any; reload() from one.
class TlsIdentity {
 public:
  /// Throws std::runtime_error with a sentence for the operator.
  TlsIdentity(std::string certificate_file, std::string key_file);
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;
  ~TlsIdentity();

  /// nullptr: no memory.
  [[nodiscard]] std::unique_ptr<TlsSession> open(int descriptor);
  /// Reads the files when they changed since they were last looked at, or `always`.
  [[nodiscard]] CertificateReload reload(bool always);
  /// When the certificate in use expires.
  [[nodiscard]] std::time_t not_after() const;

 private:
  const std::string certificate_file_;
  const std::string key_file_;
  std::string seen_;  // What the files looked like; reload()'s.
  mutable std::mutex mutex_;
  ssl_ctx_st* context_;  // Under mutex_.
};

}  // namespace sluice
