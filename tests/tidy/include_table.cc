#include "tests/tidy/include_table.h"

namespace sluice::tidy {

namespace {

constexpr std::string_view kBase[] = {"engine/base/"};
constexpr std::string_view kModel[] = {"engine/model/", "engine/base/"};
constexpr std::string_view kPorts[] = {"engine/ports/", "engine/model/", "engine/base/"};
// The read side is tested on what the write side really appends, through its in-memory log.
constexpr std::string_view kReadTests[] = {"engine/ingest/"};
constexpr std::string_view kDialect[] = {"net/dialect/",  "engine/read/",  "engine/ingest/",
                                         "engine/ports/", "engine/model/", "engine/base/"};
// registry.h declares native_dialect(), which this folder defines and answers with before a route is known.
constexpr std::string_view kNative[] = {"net/dialects/registry.h", "net/dialect/",  "engine/read/", "engine/ingest/",
                                        "engine/ports/",           "engine/model/", "engine/base/"};
// The one list of dialects names each dialect's folder.
constexpr std::string_view kRegistry[] = {"net/dialects/",  "net/dialect/",  "engine/read/", "engine/ingest/",
                                          "engine/ports/", "engine/model/", "engine/base/"};
constexpr std::string_view kTransport[] = {"net/dialects/registry.h", "net/dialect/",  "engine/read/", "engine/ingest/",
                                           "engine/ports/",           "engine/model/", "engine/base/"};
constexpr std::string_view kStore[] = {"store/", "engine/ports/", "engine/model/", "engine/base/"};
constexpr std::string_view kTools[] = {"tools/", "engine/", "net/dialect/", "net/dialects/registry.h",
                                       "net/transport/server.h", "store/store.h", "store/data_dir.h",
                                       "store/log_scan.h", "store/verify.h"};
constexpr std::string_view kBench[] = {"bench/", "tools/load/", "engine/", "net/dialect/", "net/dialects/registry.h",
                                       "net/transport/server.h", "store/store.h", "store/data_dir.h",
                                       "store/internal/options.h", "store/internal/segment_filter.h"};
constexpr std::string_view kTests[] = {"tests/", "tools/", "engine/", "net/", "store/"};

constexpr ModuleRow kModules[] = {
    {"engine/base/", kBase, {}},
    {"engine/model/", kModel, {}},
    {"engine/ports/", kPorts, {}},
    {"engine/ingest/", kPorts, {}},
    {"engine/read/", kPorts, kReadTests},
    {"net/dialect/", kDialect, {}},
    {"net/dialects/registry", kRegistry, {}},
    {"net/dialects/native/", kNative, {}},
    {"net/dialects/futureagi/", kDialect, {}},
    {"net/dialects/evalguard/", kDialect, {}},
    {"net/dialects/twosignal/", kDialect, {}},
    {"net/transport/", kTransport, {}},
    {"store/", kStore, {}},
    {"tools/", kTools, {}},
    {"bench/", kBench, {}},
    {"tests/", kTests, {}},
};

constexpr std::string_view kStoreAndBench[] = {"store/", "bench/"};
constexpr std::string_view kNetworkUsers[] = {"net/transport/"};
constexpr std::string_view kJsonUsers[] = {"net/dialect/json_", "net/dialects/", "bench/"};
constexpr std::string_view kJsonTreeUsers[] = {"tests/", "tools/", "bench/"};
constexpr std::string_view kToolUsers[] = {"tools/", "tests/", "bench/"};
constexpr std::string_view kHttpClientUsers[] = {"tools/http/"};
constexpr std::string_view kBenchUsers[] = {"bench/"};
constexpr std::string_view kCryptoUsers[] = {"engine/base/", "tools/", "net/transport/"};
constexpr std::string_view kZlibUsers[] = {"engine/base/", "net/transport/", "tools/", "tests/"};
constexpr std::string_view kZstdUsers[] = {"net/transport/", "tools/", "tests/"};
constexpr std::string_view kHashUsers[] = {"engine/", "store/", "bench/"};
constexpr std::string_view kSocketUsers[] = {"net/transport/", "tools/", "bench/", "tests/"};
constexpr std::string_view kIntrinsicUsers[] = {"engine/", "net/dialect/", "store/internal/crc32c"};
constexpr std::string_view kKernelUsers[] = {"engine/base/", "net/transport/", "store/", "tools/", "bench/", "tests/"};
constexpr std::string_view kPreloadUsers[] = {"tests/faults/", "store/internal/crc32c_test.cc"};
// Narrowed by a rule of its own: *_test.cc, helpers named *_for_test.*, tests/ and bench/ only.
constexpr std::string_view kEverywhere[] = {""};

constexpr LibraryRow kLibraries[] = {
    {"rocksdb/", kStoreAndBench, "use a port of engine/ports, which store implements"},
    {"boost/asio", kNetworkUsers, "only net/transport touches sockets"},
    {"boost/beast", kNetworkUsers, "only net/transport touches sockets"},
    {"boost/version.hpp", kToolUsers, "only tools print versions"},
    {"simdjson", kJsonUsers, "use net/dialect/json_reader.h or json_cursor.h"},
    {"nlohmann/", kJsonTreeUsers, "net has its own reader and writer"},
    {"prometheus/", kToolUsers, "counters are plain atomics; tools render them"},
    {"httplib.h", kHttpClientUsers, "use tools/http/http_client.h"},
    {"CLI/", kToolUsers, "only commands parse arguments"},
    {"toml++/", kToolUsers, "only tools read settings"},
    {"spdlog/", kToolUsers, "return an Error; tools log"},
    {"fmt/", kToolUsers, "append to a std::string"},
    {"benchmark/", kBenchUsers, "benches lie in bench/"},
    {"openssl/", kCryptoUsers, "use engine/base/api_key.h"},
    {"zlib.h", kZlibUsers, "bodies are decoded in net/transport"},
    {"zstd.h", kZstdUsers, "bodies are decoded in net/transport"},
    {"xxhash.h", kHashUsers, "use KeyedHash or seeded_hash for anything a client chooses"},
    {"gtest/", kEverywhere, ""},
    {"gmock/", kEverywhere, ""},
    {"immintrin.h", kIntrinsicUsers, "keep vector code in engine/base"},
    {"arpa/", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"netinet/", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"netdb.h", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"sys/socket.h", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"sys/un.h", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"sys/epoll.h", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"sys/", kKernelUsers, "engine/base and store talk to the kernel"},
    {"malloc.h", kToolUsers, "the process decides about its allocator, nobody else"},
    {"linux/", kKernelUsers, "engine/base and store talk to the kernel"},
    {"unistd.h", kKernelUsers, "engine/base and store talk to the kernel"},
    {"fcntl.h", kKernelUsers, "engine/base and store talk to the kernel"},
    {"dlfcn.h", kPreloadUsers, "nothing of the server is loaded at run time"},
    {"pthread.h", kKernelUsers, "use std::thread, and engine/base/thread_name.h"},
    {"signal.h", kToolUsers, "only main handles signals"},
    {"poll.h", kSocketUsers, "only net/transport and the tools touch sockets"},
    {"stdlib.h", kToolUsers, "include <cstdlib>"},
    {"time.h", kToolUsers, "use engine/base/time.h"},
};

constexpr std::string_view kImpure[] = {"thread",   "mutex",      "shared_mutex", "condition_variable", "future",
                                        "fstream",  "iostream",   "filesystem",   "chrono",             "ctime",
                                        "unistd.h", "sys/",       "random"};
constexpr PurityRow kPurity[] = {{"net/dialects/", kImpure}};

}  // namespace

std::span<const ModuleRow> modules() { return kModules; }
std::span<const LibraryRow> libraries() { return kLibraries; }
std::span<const PurityRow> impure_headers() { return kPurity; }

}  // namespace sluice::tidy
