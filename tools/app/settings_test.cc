#include "tools/app/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace sluice {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string write_file(const std::string& text) {
  const std::string path = ::testing::TempDir() + "settings-" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << text;
  return path;
}

TEST(SettingsTest, DefaultsResolve) {
  const Settings settings = SettingsLoader().resolve();
  EXPECT_EQ(settings.listen_address, "127.0.0.1");
  EXPECT_EQ(settings.listen_port, 8420);
  EXPECT_EQ(settings.memory_bytes, 1ull << 30);
}

TEST(SettingsTest, AStrongerLayerWinsWhateverTheOrder) {
  SettingsLoader loader;
  loader.set("listen", "127.0.0.1:1", SettingOrigin::flag);
  loader.set("listen", "127.0.0.1:2", SettingOrigin::environment);
  loader.set("listen", "127.0.0.1:3", SettingOrigin::file);
  EXPECT_EQ(loader.resolve().listen_port, 1);
}

TEST(SettingsTest, AFileErrorNamesFileLineAndTheNearestName) {
  const std::string path = write_file("data = \"/tmp/x\"\n\n[futureagi]\nenvelop = true\n");
  SettingsLoader loader;
  const std::string error = error_of([&] { loader.load_file(path); });
  EXPECT_NE(error.find(path + ":4:"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean 'futureagi.envelope'?"), std::string::npos) << error;
  std::remove(path.c_str());
}

TEST(SettingsTest, ASecretMayStandInAFile) {
  const std::string path = write_file("first:0123456789abcdef\n");
  SettingsLoader loader;
  loader.set("bootstrap_key", "@" + path, SettingOrigin::flag);
  std::remove(path.c_str());
  EXPECT_EQ(loader.resolve().bootstrap_key, "first:0123456789abcdef") << "read once";
  const std::string error = error_of([&] { loader.set("bootstrap_key", "@" + path, SettingOrigin::flag); });
  EXPECT_NE(error.find("cannot read a key from " + path), std::string::npos) << error;
}

TEST(SettingsTest, BadValuesAreRefusedWithTheirReason) {
  struct Case { const char* name; const char* value; const char* reason; };
  constexpr Case kCases[] = {
      {"listen", "8420", "is not ADDRESS:PORT"},
      {"listen", "localhost:8420", "is not an IP address"},
      {"listen", "127.0.0.1:70000", "is not a whole number from 0 to 65535"},
      {"memory", "64MiB", "at least 256MiB"},
      {"memory", "a lot", "is not a size"},
      {"ballast", "lots", "is not a size"},
      {"insecure", "maybe", "is not true or false"},
      {"body_limit", "1GiB", "must be from 1KiB to 256MiB"},
      {"body_limit", "268435457", "must be from 1KiB to 256MiB"},
      {"rate_burst", "0", "at least 1"},
      {"rate_burst", "3601", "is not a whole number from 0 to 3600"},
      {"default_rate_requests", "1000000000001", "is not a whole number from 0 to 1000000000000"},
      {"default_rate_bytes", "2TB", "must be at most 1000000000000"},
      {"default_rate_scores", "many", "is not a whole number"},
      {"connections_per_address_max", "-1", "is not a whole number"},
      {"failed_auth_per_second", "1000001", "is not a whole number from 0 to 1000000"},
      {"log_level", "loud", "is not trace, debug"},
      {"bootstrap_key", "only-an-id", "expected ID:SECRET"},
  };
  for (const Case& c : kCases) {
    SettingsLoader loader;
    const std::string error = error_of([&] { loader.set(c.name, c.value, SettingOrigin::flag); });
    EXPECT_NE(error.find(c.reason), std::string::npos) << c.name << "=" << c.value << ": " << error;
  }
}

TEST(SettingsTest, ABadBootstrapKeyIsNotRepeatedInTheMessage) {
  SettingsLoader loader;
  const std::string error = error_of([&] { loader.set("bootstrap_key", "id:hunter2", SettingOrigin::flag); });
  EXPECT_NE(error, "");
  EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
}

TEST(SettingsTest, RatesAreOffUntilTheyAreSet) {
  SettingsLoader loader;
  EXPECT_EQ(loader.resolve().default_rates, Rates{});
  loader.set("default_rate_bytes", "10MiB", SettingOrigin::flag);
  loader.set("default_rate_requests", "100", SettingOrigin::flag);
  loader.set("rate_burst", "3600", SettingOrigin::flag);
  EXPECT_EQ(loader.resolve().default_rates, (Rates{100, 0, 10u << 20}));
  EXPECT_EQ(loader.resolve().rate_burst_seconds, 3600);
}

TEST(SettingsTest, BallastIsDerivedFromTheBudgetsUnlessItIsSet) {
  SettingsLoader loader;
  EXPECT_EQ(loader.resolve().ballast_bytes, std::nullopt);
  loader.set("ballast", "0", SettingOrigin::file);
  EXPECT_EQ(loader.resolve().ballast_bytes, 0u);
  loader.set("ballast", "auto", SettingOrigin::environment);
  EXPECT_EQ(loader.resolve().ballast_bytes, std::nullopt);
  loader.set("ballast", "10MiB", SettingOrigin::flag);
  EXPECT_EQ(loader.resolve().ballast_bytes, 10u << 20);
}

TEST(SettingsTest, AnOpenAddressWithoutTlsNeedsInsecure) {
  SettingsLoader loader;
  loader.set("listen", "0.0.0.0:8420", SettingOrigin::flag);
  EXPECT_NE(error_of([&] { (void)loader.resolve(); }).find("--insecure"), std::string::npos);
  loader.set("insecure", "true", SettingOrigin::flag);
  EXPECT_EQ(loader.resolve().listen_address, "0.0.0.0");
}

TEST(SettingsTest, AnOpenAddressWithTlsNeedsNothingMore) {
  SettingsLoader loader;
  loader.set("listen", "0.0.0.0:8420", SettingOrigin::flag);
  loader.set("tls_certificate", "/etc/cert.pem", SettingOrigin::flag);
  EXPECT_NE(error_of([&] { (void)loader.resolve(); }).find("belong together"), std::string::npos);
  loader.set("tls_key", "/etc/key.pem", SettingOrigin::flag);
  EXPECT_EQ(loader.resolve().tls_key, "/etc/key.pem");
}

TEST(SettingsTest, NamesMapToFlagsAndVariables) {
  EXPECT_EQ(SettingsLoader::flag_name("futureagi.envelope"), "--futureagi-envelope");
  EXPECT_EQ(SettingsLoader::environment_name("futureagi.envelope"), "SLUICE_FUTUREAGI_ENVELOPE");
}

TEST(SettingsTest, TheDocumentListsEverySettingWithItsDefault) {
  std::ifstream in(SLUICE_SOURCE_DIR "/docs/CONFIGURATION.md");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const SettingsLoader loader;
  for (const SettingValue& value : loader.values()) {
    const std::string fallback = value.text.empty() ? "" : "`" + value.text + "`";
    const std::string row = "| `" + value.name + "` | " + fallback + " | " + value.help + " |";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

TEST(SettingsTest, SizesTakeUnits) {
  EXPECT_EQ(parse_bytes("64MiB"), 64u << 20);
  EXPECT_EQ(parse_bytes("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_bytes("10"), 10u);
}

}  // namespace
}  // namespace sluice
