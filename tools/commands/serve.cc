#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "tools/app/app.h"
#include "tools/app/log.h"
#include "tools/app/process.h"
#include "tools/commands/commands.h"

namespace sluice {
namespace {

void print_banner(const App& app, const Settings& settings) {
  const bool six = settings.listen_address.find(':') != std::string::npos;
  const std::string host = six ? "[" + settings.listen_address + "]" : settings.listen_address;
  const std::string scheme = settings.tls_certificate.empty() ? "http://" : "https://";
  const std::string url = scheme + host + ":" + std::to_string(app.port());
  std::string out = "sluice " SLUICE_VERSION "\n  data          " + settings.data + "\n  listening on  " + url +
                    "\n  metrics       " + url +
                    "/metrics\n  durability    every 2xx is on disk (fdatasync) before it is sent\n";
  std::string credential = "$KEY";
  if (const auto& key = app.first_key()) {
    if (key->file.empty()) {
      out += "  first key     " + key->id + " (from the settings)\n";
    } else if (::isatty(STDOUT_FILENO) != 0) {
      credential = key->id + "." + key->secret;
      out += "  first key     " + credential + "\n                shown once; kept in " + key->file + " (mode 0600)\n";
    } else {  // Journals and containers keep what is printed, and show it to more people than the file.
      credential = "$(cat " + key->file + ")";
      out += "  first key     in " + key->file + " (mode 0600)\n";
    }
  }
  out += "  try           curl -s " + url + "/api/v1/scores -H \"Authorization: Bearer " + credential +
         "\" \\\n                  -H 'Content-Type: application/json' \\\n                  -d "
         "'{\"traceId\":\"trace-abc-123\",\"evaluatorName\":\"accuracy\",\"value\":0.92}'\n";
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

/// `hangup`: SIGHUP asks for the certificate to be read again; without TLS it ends the process, as it always does.
sigset_t awaited_signals(bool hangup) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR2);  // Raised by acks_stopped().
  if (hangup) sigaddset(&signals, SIGHUP);
  return signals;
}

/// The signal that ends the server. Until then the certificate's files are looked at every two seconds.
int wait_for_the_end(const sigset_t& signals, App& app) {
  constexpr timespec kPeriod{2, 0};
  for (;;) {
    const int received = sigtimedwait(&signals, nullptr, &kPeriod);
    if (received > 0 && received != SIGHUP) return received;
    const CertificateReload reload = app.reload_certificate(received == SIGHUP);
    if (reload.result == CertificateReload::Result::reloaded) log_info("certificate read again from " + reload.text);
    if (reload.result == CertificateReload::Result::refused)
      log_error("the new certificate cannot be used, the old one stays in use: " + reload.text);
  }
}

std::atomic<const char*> fatal_reason{nullptr};  // A literal, once acks have stopped.

/// Called by the committer, who has answers to give yet, and by the store's watch: neither may wait for a stderr that
/// nobody reads. So main says it, and the alarm ends the process even when main is held up.
void acks_stopped(const char* what) {
  const char* none = nullptr;
  if (!fatal_reason.compare_exchange_strong(none, what)) return;
  alarm(static_cast<unsigned>(limits::kDrainSeconds) + 5);
  kill(getpid(), SIGUSR2);
}

/// No flush and no close: after a failed sync the files' state is the log's to judge at the next start.
[[noreturn]] void leave_the_log() {
  alarm(1);  // For the line: see acks_stopped().
  log_error(std::string("acks stopped: ") + fatal_reason.load() + "; exiting so that a restart recovers from the log");
  usleep(500'000);  // Waiters are being told "unknown" right now, and the store says what failed.
  _exit(kExitLogUnknown);
}

int serve(Settings settings) {
  give_freed_memory_back();
  start_logging(settings.log_level);
  const std::size_t wanted = settings.connections_max;
  const std::size_t descriptors = raise_descriptor_limit();
  settings.connections_max = connections_within(descriptors, wanted);
  if (settings.connections_max != wanted)
    log_info("connections_max is " + std::to_string(settings.connections_max) + " and not " + std::to_string(wanted) +
             ": the limit of open files is " + std::to_string(descriptors));
  // Blocked before any thread exists, so that every thread inherits it and only sigwait below takes them.
  const sigset_t signals = awaited_signals(!settings.tls_certificate.empty());
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  App app(settings, App::Listen::everywhere);
  signal(SIGALRM, [](int) { _exit(kExitLogUnknown); });
  app.on_fatal(&acks_stopped);
  app.start();
  print_banner(app, settings);

  const int received = wait_for_the_end(signals, app);
  if (fatal_reason.load() != nullptr) leave_the_log();
  // A second signal ends the process at once: durability never depends on the drain. The others stay blocked: by
  // default they would kill it too, with answers still to be given.
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  log_info(std::string("received ") + strsignal(received) + ", finishing what was received");
  app.finish();
  if (fatal_reason.load() != nullptr) leave_the_log();  // The last answers said "unknown".
  app.stop();
  log_info("stopped");
  return fatal_reason.load() != nullptr ? kExitLogUnknown : 0;
}

}  // namespace

void add_settings_options(CLI::App& app, std::shared_ptr<SettingsLoader> loader,
                          std::shared_ptr<std::string> config_file) {
  app.add_option("--config", *config_file, "TOML file with settings")->envname("SLUICE_CONFIG");
  for (const SettingValue& value : loader->values()) {
    const std::string name = value.name;
    CLI::Option* const option = app.add_option_function<std::string>(
        SettingsLoader::flag_name(name),
        [loader, name](const std::string& text) {
          try {
            loader->set(name, text, SettingOrigin::flag);
          } catch (const std::exception& error) {
            throw CLI::ValidationError(error.what());
          }
        },
        value.help + (value.text.empty() ? "" : " [" + value.text + "]"));
    option->type_name("VALUE");
    if (value.text == "true" || value.text == "false") option->expected(0, 1)->default_str("true");
  }
}

Settings resolve_settings(SettingsLoader& loader, const std::string& config_file) {
  if (!config_file.empty()) loader.load_file(config_file);
  loader.load_environment();
  Settings settings = loader.resolve();
  if (!settings.core_dumps) keep_memory_private();
  return settings;
}

void add_serve_command(CLI::App& app, Command& run) {
  CLI::App* const command =
      app.add_subcommand("serve", "Run the server (with no option: 127.0.0.1:8420, ./sluice-data)");
  auto loader = std::make_shared<SettingsLoader>();
  auto file = std::make_shared<std::string>();
  add_settings_options(*command, loader, file);
  command->callback([&run, loader, file] { run = [loader, file] { return serve(resolve_settings(*loader, *file)); }; });
}

}  // namespace sluice
