#include "tools/app/settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>

#include <arpa/inet.h>
#include <toml++/toml.h>

#include "engine/base/limits.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const std::string& text) { throw std::runtime_error(text); }

bool parse_bool(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  fail("'" + std::string(text) + "' is not true or false");
}

std::size_t parse_count(std::string_view text, std::size_t max) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max)
    fail("'" + std::string(text) + "' is not a whole number from 0 to " + std::to_string(max));
  return value;
}

void parse_listen(std::string_view text, Settings& settings) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) fail("'" + std::string(text) + "' is not ADDRESS:PORT");
  std::string_view address = text.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  settings.listen_address = address;
  settings.listen_port = static_cast<std::uint16_t>(parse_count(text.substr(colon + 1), 65535));
  in6_addr ignored{};
  if (inet_pton(AF_INET, settings.listen_address.c_str(), &ignored) != 1 &&
      inet_pton(AF_INET6, settings.listen_address.c_str(), &ignored) != 1)
    fail("'" + settings.listen_address + "' is not an IP address (names are not looked up)");
}

struct Entry {
  std::string_view name;
  std::string_view fallback;
  std::string_view help;
  void (*apply)(std::string_view text, Settings& settings);
  bool secret = false;
};

constexpr std::size_t kThreadsMax = 256;

// The table of settings; docs/CONFIGURATION.md is checked against it by a test.
constexpr Entry kEntries[] = {
    {"data", "./sluice-data", "Data directory; created when missing",
     [](std::string_view t, Settings& s) { s.data = t.empty() ? throw std::runtime_error("must not be empty") : t; }},
    {"listen", "127.0.0.1:8420", "ADDRESS:PORT of the HTTP API; port 0 takes a free one", parse_listen},
    {"tls_certificate", "", "PEM file with the certificate chain: the HTTP API is served over TLS 1.2 and 1.3",
     [](std::string_view t, Settings& s) { s.tls_certificate = t; }},
    {"tls_key", "", "PEM file with its private key, not readable by others",
     [](std::string_view t, Settings& s) { s.tls_key = t; }},
    {"insecure", "false", "Allow plain HTTP on an address that is not loopback",
     [](std::string_view t, Settings& s) { s.insecure = parse_bool(t); }},
    {"connections_max", "10000", "Connections open at a time; later ones wait in the kernel's queue",
     [](std::string_view t, Settings& s) {
       s.connections_max = parse_count(t, 1'000'000);
       if (s.connections_max == 0) fail("must be at least 1");
     }},
    {"io_threads", "0", "Threads that serve connections; 0: one per core, at most 16",
     [](std::string_view t, Settings& s) { s.io_threads = parse_count(t, kThreadsMax); }},
    {"shards", "0", "Threads that check and encode scores; 0: one per four cores, at most 16",
     [](std::string_view t, Settings& s) { s.shards = parse_count(t, kThreadsMax); }},
    {"read_threads", "0", "Threads that answer queries; 0: one per core, from 2 to 16",
     [](std::string_view t, Settings& s) { s.read_threads = parse_count(t, kThreadsMax); }},
    {"memory", "1GiB", "Memory budget; the store keeps within half of it",
     [](std::string_view t, Settings& s) {
       s.memory_bytes = parse_bytes(t);
       if (s.memory_bytes < (256u << 20)) fail("must be at least 256MiB");
     }},
    {"disk_reserve", "0", "Refuse writes below this much free disk; 0: derived from the memory budget",
     [](std::string_view t, Settings& s) { s.disk_reserve_bytes = parse_bytes(t); }},
    {"ballast", "auto", "Room kept in a file to delete on a full disk; 0: none, auto: derived from the memory budget",
     [](std::string_view t, Settings& s) {
       s.ballast_bytes.reset();
       if (t != "auto") s.ballast_bytes = parse_bytes(t);
     }},
    {"body_limit", "16MiB", "Largest request body on the wire, at most 256MiB",
     [](std::string_view t, Settings& s) {
       s.body_bytes_max = parse_bytes(t);
       if (s.body_bytes_max < 1024 || s.body_bytes_max > limits::kBodyBytesMax) fail("must be from 1KiB to 256MiB");
     }},
    {"connections_per_address_max", "256", "Connections one client address may hold, loopback excepted; 0: no limit",
     [](std::string_view t, Settings& s) { s.connections_per_address_max = parse_count(t, 1'000'000); }},
    {"failed_auth_per_second", "10",
     "Failed authentications a second of one client address, ten times as many at once; 0: no limit",
     [](std::string_view t, Settings& s) { s.failed_auth_per_second = parse_count(t, 1'000'000); }},
    {"default_rate_requests", "0", "Requests per second of a key without its own rates; 0: no limit",
     [](std::string_view t, Settings& s) { s.default_rates[0] = parse_count(t, limits::kRateMax); }},
    {"default_rate_scores", "0", "Scores per second of a key without its own rates; 0: no limit",
     [](std::string_view t, Settings& s) { s.default_rates[1] = parse_count(t, limits::kRateMax); }},
    {"default_rate_bytes", "0", "Body bytes per second of a key without its own rates; 0: no limit",
     [](std::string_view t, Settings& s) {
       s.default_rates[2] = parse_bytes(t);
       if (s.default_rates[2] > limits::kRateMax) fail("must be at most " + std::to_string(limits::kRateMax));
     }},
    {"rate_burst", "1", "Seconds of its rates that a key may use at once",
     [](std::string_view t, Settings& s) {
       s.rate_burst_seconds = static_cast<std::int64_t>(parse_count(t, limits::kBurstSecondsMax));
       if (s.rate_burst_seconds == 0) fail("must be at least 1");
     }},
    {"strict_sources", "false", "The first workspace accepts scores for registered sources only",
     [](std::string_view t, Settings& s) { s.strict_sources = parse_bool(t); }},
    {"keys_over_tcp", "false", "Serve /v1/keys over TCP too (scope admin), not only over admin.sock",
     [](std::string_view t, Settings& s) { s.keys_over_tcp = parse_bool(t); }},
    {"futureagi.envelope", "false", "Answer Future AGI calls enveloped, as the public server does",
     [](std::string_view t, Settings& s) { s.futureagi_envelope = parse_bool(t); }},
    {"core_dumps", "false", "Allow core dumps and debuggers; either shows keys and scores",
     [](std::string_view t, Settings& s) { s.core_dumps = parse_bool(t); }},
    {"log_level", "info", "trace, debug, info, warn, error or off",
     [](std::string_view t, Settings& s) {
       constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
       if (std::find(std::begin(kLevels), std::end(kLevels), t) == std::end(kLevels))
         fail("'" + std::string(t) + "' is not trace, debug, info, warn, error or off");
       s.log_level = t;
     }},
    {"bootstrap_key", "", "ID:SECRET of the first key, or @FILE that holds it, instead of a generated one",
     [](std::string_view t, Settings& s) {
       const std::size_t colon = t.find(':');
       // The text is a secret: the message must not repeat it.
       if (!t.empty() &&
           (colon == 0 || colon == std::string_view::npos || t.size() - colon - 1 < 16 || t.find('.') < colon))
         fail("expected ID:SECRET, the id without '.', the secret of at least 16 characters");
       s.bootstrap_key = t;
     },
     true},
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

void flatten(const toml::table& table, const std::string& prefix,
             const std::function<void(std::string, const toml::node&)>& leaf) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (const toml::table* inner = node.as_table())
      flatten(*inner, name, leaf);
    else
      leaf(name, node);
  }
}

std::string scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  fail("expected a text, a number or true/false");
}

}  // namespace

SettingsLoader::SettingsLoader() {
  for (const Entry& entry : kEntries)
    values_.push_back({std::string(entry.name), std::string(entry.fallback), SettingOrigin::by_default,
                       std::string(entry.help), entry.secret});
}

void SettingsLoader::set(std::string_view name, std::string text, SettingOrigin origin) {
  const auto entry =
      std::find_if(std::begin(kEntries), std::end(kEntries), [&](const Entry& e) { return e.name == name; });
  if (entry == std::end(kEntries)) {
    const auto nearest = std::min_element(
        std::begin(kEntries), std::end(kEntries),
        [&](const Entry& a, const Entry& b) { return edit_distance(a.name, name) < edit_distance(b.name, name); });
    fail("unknown setting '" + std::string(name) + "'; did you mean '" + std::string(nearest->name) + "'?");
  }
  try {
    if (entry->secret) text = given_secret(text);  // Read once: FILE may be a pipe.
    Settings probe;
    entry->apply(text, probe);
  } catch (const std::exception& error) {
    fail("setting '" + std::string(name) + "': " + error.what());
  }
  SettingValue& value = values_[static_cast<std::size_t>(entry - std::begin(kEntries))];
  if (value.origin > origin) return;  // A stronger layer has spoken.
  value.text = std::move(text);
  value.origin = origin;
}

void SettingsLoader::load_file(const std::string& path) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    fail(path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
         std::string(error.description()));
  }
  flatten(table, "", [&](const std::string& name, const toml::node& node) {
    try {
      set(name, scalar_text(node), SettingOrigin::file);
    } catch (const std::exception& error) {
      const auto& at = node.source().begin;
      fail(path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + error.what());
    }
  });
}

void SettingsLoader::load_environment() {
  for (const Entry& entry : kEntries) {
    const std::string variable = environment_name(entry.name);
    const char* const text = std::getenv(variable.c_str());
    if (text == nullptr) continue;
    try {
      set(entry.name, text, SettingOrigin::environment);
    } catch (const std::exception& error) {
      fail("environment variable " + variable + ": " + error.what());
    }
  }
}

Settings SettingsLoader::resolve() const {
  Settings settings;
  for (std::size_t i = 0; i < values_.size(); ++i) kEntries[i].apply(values_[i].text, settings);
  if (settings.tls_certificate.empty() != settings.tls_key.empty())
    fail("tls_certificate and tls_key belong together: give both, or neither for plain HTTP.");
  if (!is_loopback(settings.listen_address) && settings.tls_certificate.empty() && !settings.insecure)
    fail("listen: " + settings.listen_address +
         " is not a loopback address and there is no TLS: keys and scores would cross the network readable by anyone.\n"
         "  Give tls_certificate and tls_key, or say --insecure to accept that.");
  return settings;
}

std::string SettingsLoader::flag_name(std::string_view name) {
  std::string flag = "--" + std::string(name);
  for (char& c : flag)
    if (c == '_' || c == '.') c = '-';
  return flag;
}

std::string SettingsLoader::environment_name(std::string_view name) {
  std::string variable = "SLUICE_" + std::string(name);
  for (char& c : variable) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::string given_secret(const std::string& text) {
  if (!text.starts_with('@')) return text;
  std::ifstream file(text.substr(1));
  std::string secret;
  if (!(file >> secret)) fail("cannot read a key from " + text.substr(1));
  return secret;
}

std::uint64_t parse_bytes(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  struct Unit {
    std::string_view name;
    std::uint64_t factor;
  };
  constexpr Unit kUnits[] = {
      {"", 1},           {"B", 1},           {"KB", 1000},      {"KiB", 1024},         {"MB", 1000000},
      {"MiB", 1u << 20}, {"GB", 1000000000}, {"GiB", 1u << 30}, {"TB", 1000000000000}, {"TiB", 1ull << 40}};
  for (const Unit& known : kUnits)
    if (error == std::errc{} && unit == known.name && value <= UINT64_MAX / known.factor) return value * known.factor;
  fail("'" + std::string(text) + "' is not a size such as 64MiB or 2GiB");
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.empty();
}

}  // namespace sluice
