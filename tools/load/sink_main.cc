#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tools/load/sink.h"

/// `load_sink [PORT]`: serves until SIGTERM or SIGINT.
int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    const sluice::load::Sink sink(static_cast<std::uint16_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0));
    std::printf("listening on http://127.0.0.1:%u\n", sink.port());
    std::fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    std::printf("%lu requests, %lu body bytes\n", sink.requests(), sink.body_bytes());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_sink: %s\n", error.what());
    return 1;
  }
  return 0;
}
