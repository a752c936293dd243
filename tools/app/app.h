#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tools/app/settings.h"

/// One running Sluice: every service object in dependency order, built from settings. The only place that wires layers
/// together. Threads: main only.

namespace sluice {

struct FirstKey {
  std::string id;
  std::string secret;
  std::string file;  ///< Where it was written, mode 0600; empty for a key from the settings.
};

class App {
 public:
  enum class Listen : std::uint8_t {
    everywhere,   ///< TCP and admin.sock.
    socket_only,  ///< A private instance for the command line.
  };
  /// Opens the data directory and recovers. Throws std::runtime_error with the reason and the next step.
  App(const Settings& settings, Listen listen);
  ~App();

  /// Serves. Throws when an address is taken.
  void start();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const std::optional<FirstKey>& first_key() const;
  [[nodiscard]] std::string admin_socket() const;
  /// Looks at the certificate's files again; see Server::reload_certificate.
  [[nodiscard]] CertificateReload reload_certificate(bool always);
  /// Called from a background thread when acks had to stop; the caller ends the process.
  void on_fatal(std::function<void(const char*)> handler);

  /// First half of stop(): answers what was received, commits what was taken, ends all connections.
  void finish();
  /// Orderly end: finish(), then closes the store. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// {"version":…,"commit":…,"compiler":…,"libraries":{…}}.
[[nodiscard]] std::string version_json();

}  // namespace sluice
