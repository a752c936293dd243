#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/transport/server.h"
#include "store/store.h"

/// Every setting of the server: one name each, the same as flag (--listen), environment variable (SLUICE_LISTEN) and
/// TOML key (listen). Flags win over the environment, that over the file, that over the default.

namespace sluice {

struct Settings {
  std::string data = "./sluice-data";
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8420;
  std::string tls_certificate;
  std::string tls_key;
  bool insecure = false;
  std::size_t connections_max = 0;
  std::size_t io_threads = 0;    ///< 0: by the number of cores.
  std::size_t shards = 0;        ///< 0: by the number of cores.
  std::size_t read_threads = 0;  ///< 0: by the number of cores.
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_reserve_bytes = 0;
  std::optional<std::uint64_t> ballast_bytes;  ///< nullopt: derived from the memory budget; 0: none.
  std::uint64_t body_bytes_max = 0;
  std::size_t connections_per_address_max = 0;  ///< 0: no limit.
  std::uint64_t failed_auth_per_second = 0;     ///< Of one client address; 0: no limit.
  Rates default_rates{};                        ///< Of keys without their own; 0: no limit.
  std::int64_t rate_burst_seconds = 1;
  bool strict_sources = false;
  bool keys_over_tcp = false;
  bool futureagi_envelope = false;
  bool core_dumps = false;
  std::string log_level = "info";
  std::string bootstrap_key;  ///< id:secret; a secret: never printed.
};

/// Where an effective value came from.
enum class SettingOrigin : std::uint8_t { by_default, file, environment, flag };

struct SettingValue {
  std::string name;
  std::string text;  ///< As it would be written in the file.
  SettingOrigin origin = SettingOrigin::by_default;
  std::string help;
  bool secret = false;
};

/// Collects the layers, then resolves them. Errors are sentences for the operator: std::runtime_error.
class SettingsLoader {
 public:
  SettingsLoader();
  [[nodiscard]] const std::vector<SettingValue>& values() const noexcept { return values_; }
  /// `name` as in the table. Throws on an unknown name (with the nearest known one) or a bad value.
  void set(std::string_view name, std::string text, SettingOrigin origin);
  void load_file(const std::string& path);
  void load_environment();
  /// Checks relations between settings and returns the effective ones.
  [[nodiscard]] Settings resolve() const;

  [[nodiscard]] static std::string flag_name(std::string_view name);
  [[nodiscard]] static std::string environment_name(std::string_view name);

 private:
  std::vector<SettingValue> values_;
};

/// What was given as a secret: itself, or for "@FILE" the first word in that file. Throws std::runtime_error.
[[nodiscard]] std::string given_secret(const std::string& text);
/// "64MiB", "2GB", "1048576" → bytes. Throws std::runtime_error.
[[nodiscard]] std::uint64_t parse_bytes(std::string_view text);
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace sluice
