#include <gtest/gtest.h>

#include "tests/tidy/checks.h"

/// Each rule on a good and a bad example: a rule that finds nothing anywhere proves nothing.

namespace sluice::tidy {
namespace {

struct Example {
  std::string path;
  std::string text;
};

void expect(Findings (*check)(const File&), const std::vector<Example>& good, const std::vector<Example>& bad) {
  for (const Example& example : good) {
    const Findings findings = check({example.path, example.text});
    EXPECT_TRUE(findings.empty()) << findings.front() << "\n" << example.text;
  }
  for (const Example& example : bad)
    EXPECT_FALSE(check({example.path, example.text}).empty()) << example.path << "\n" << example.text;
}

TEST(TidyExamplesTest, Includes) {
  expect(check_includes,
         {
             {"engine/model/row.cc", "#include \"engine/base/bytes.h\"\n#include <vector>\n"},
             {"engine/read/fold.cc", "#include \"engine/read/fold.h\"\n#include \"engine/ports/record_reader.h\"\n"},
             {"engine/read/fold_test.cc", "#include \"engine/ingest/memory_log.h\"\n#include <gtest/gtest.h>\n"},
             {"engine/read/fold_for_test.h", "#include \"engine/ingest/memory_log.h\"\n#include <gtest/gtest.h>\n"},
             {"engine/base/a.cc", "// #include <rocksdb/db.h>\n/*\n#include <rocksdb/db.h>\n*/\n"},
             {"store/internal/options.h", "#include <rocksdb/options.h>\n"},
             {"store/store.cc", "#include <rocksdb/db.h>\n#include \"store/internal/watch.h\"\n"},
             {"net/dialect/json_cursor.h", "#include <simdjson.h>\n"},
             {"net/dialects/native/a.cc", "#include \"net/dialects/registry.h\"\n"},
             {"net/dialects/registry.cc", "#include \"net/dialects/native/native_dialect.h\"\n"},
             {"net/transport/server.cc", "#include <boost/asio/ip/tcp.hpp>\n#include \"net/dialects/registry.h\"\n"},
             {"tools/load/report.cc", "#include <nlohmann/json.hpp>\n#include \"tools/load/plan.h\"\n"},
         },
         {
             {"engine/base/a.cc", "#include \"engine/model/row.h\"\n"},
             {"engine/model/a.cc", "#include \"engine/ports/record_log.h\"\n"},
             {"engine/ingest/a.cc", "#include \"engine/read/score.h\"\n"},
             {"engine/read/a.cc", "#include \"engine/ingest/batch.h\"\n"},
             {"engine/read/a.cc", "#  include \"net/dialect/request.h\"\n"},
             {"engine/model/a.cc", "#include <boost/asio/post.hpp>\n"},
             {"engine/model/a.cc", "#include <simdjson.h>\n"},
             {"engine/model/a.cc", "#include <rocksdb/slice.h>\n"},
             {"engine/model/a.cc", "#include <sys/socket.h>\n"},
             {"engine/model/a.cc", "#include <gtest/gtest.h>\n"},
             {"store/store.h", "#include <rocksdb/db.h>\n"},
             {"store/store.cc", "#include \"engine/ingest/batch.h\"\n"},
             {"store/store.cc", "#include \"net/dialect/request.h\"\n"},
             {"net/dialect/request.cc", "#include <simdjson.h>\n"},
             {"net/dialect/request.cc", "#include \"net/dialects/native/replies.h\"\n"},
             {"net/dialects/native/a.cc", "#include \"net/dialects/evalguard/decode.h\"\n"},
             {"net/dialects/evalguard/a.cc", "#include \"net/dialects/registry.h\"\n"},
             {"net/dialects/native/a.cc", "#include <thread>\n"},
             {"net/dialects/native/a.cc", "#include <boost/asio/post.hpp>\n"},
             {"net/transport/router.cc", "#include \"net/dialects/native/replies.h\"\n"},
             {"net/transport/router.cc", "#include \"store/store.h\"\n"},
             {"net/transport/router.cc", "#include <nlohmann/json.hpp>\n"},
             {"engine/base/a.cc", "#include \"bytes.h\"\n"},
             {"engine/base/a.cc", "#include <unknown/library.h>\n"},
             {"engine/novel/a.cc", "#include \"engine/base/bytes.h\"\n"},
         });
}

TEST(TidyExamplesTest, SourcesListed) {
  const File list = {"store/CMakeLists.txt", "sluice_module(store\n  SOURCES a.cc internal/b.cc)  # gone.cc\n"};
  const std::vector<File> good = {list, {"store/a.cc", ""}, {"store/internal/b.cc", ""}, {"store/c.h", ""}};
  EXPECT_TRUE(check_sources_listed(good).empty());
  for (const char* path : {"store/b.cc", "store/aa.cc", "store/a.cc.cc", "store/gone.cc", "engine/a.cc"}) {
    const std::vector<File> bad = {list, {path, ""}};
    EXPECT_EQ(check_sources_listed(bad).size(), 1u) << path;
  }
}

TEST(TidyExamplesTest, LineWidth) {
  const std::string full(120, 'x');
  std::string wide_characters;
  for (int i = 0; i < 120; ++i) wide_characters += "→";
  expect(check_line_width, {{"a.cc", full + "\n" + full}, {"a.h", wide_characters}, {"README.md", full + full}},
         {{"a.cc", full + "x"}, {"a.h", "\n" + wide_characters + "→"}, {"x/CMakeLists.txt", full + "x\n"}});
}

TEST(TidyExamplesTest, FileLength) {
  const std::string full(400, '\n');
  expect(check_file_length, {{"a.cc", full}, {"a.md", full + full}}, {{"a.cc", full + "x"}, {"a.h", full + "\n"}});
}

TEST(TidyExamplesTest, BannedWords) {
  expect(check_banned_words,
         {
             {"a.cc", "// no std::endl here\nf(\"using namespace\");\n"},
             {"a.cc", "int todo = 1; auto t = TODOS;\n"},
             {"a.cc", "std::this_thread::sleep_for(delay);\n"},
             {"a.cc", "namespace x = y; using y::z;\n"},
             {"a.cc", "using namespace std::chrono_literals;\n"},
             {"a.cc", "const int million = 1'000'000; f('\"');\n"},
         },
         {
             {"a.cc", "out << std::endl;\n"},
             {"a.cc", "class A : std::enable_shared_from_this<A> { f() { shared_from_this(); } };\n"},
             {"a.cc", "co_spawn(io, run(), asio::detached);\n"},
             {"a_test.cc", "std::this_thread::sleep_for(delay);\n"},
             {"tests/e2e/wait.cc", "usleep(1);\n"},
             {"a.h", "using namespace std;\n"},
             {"a.h", "using namespace std::chrono; f(1_literals);\n"},
             {"a.h", "// TODO: later\n"},
             {"a.h", "/* FIXME */\n"},
             {"a.cc", "f('\"'); g << std::endl; f('\"');\n"},
             {"a.cc", "const int million = 1'000'000; g << std::endl;\n"},
         });
}

TEST(TidyExamplesTest, DialectNames) {
  expect(check_dialect_names,
         {
             {"engine/model/label.h", "enum class DialectCode : std::uint8_t { native = 0, futureagi = 1 };\n"},
             {"engine/model/label.cc", "case DialectCode::evalguard: return \"evalguard\";\n"},
             {"engine/read/fold.cc", "// As 2Signal wants it.\n"},
             {"net/dialects/futureagi/decode.cc", "namespace futureagi {}\n"},
             {"net/transport/router_test.cc", "route(\"futureagi\");\n"},
             {"net/dialect/exchange.h", "bool futureagi_envelope = false;\n"},
         },
         {
             {"engine/read/fold.cc", "if (dialect == DialectCode::futureagi) fold();\n"},
             {"engine/model/label.cc", "bool is_evalguard = false;\n"},
             {"net/transport/router.cc", "route(\"/FutureAgi/\");\n"},
             {"net/dialect/dialect.cc", "void use_twosignal();\n"},
             {"net/dialect/dialect.cc", "bool futureagi_envelope = false;\n"},
             {"net/dialect/exchange.h", "bool futureagi_envelope = false, futureagi_pages = false;\n"},
         });
}

TEST(TidyExamplesTest, CoAwait) {
  expect(check_co_await,
         {
             {"a.cc", "co_await read(buffer, std::move(options));\n"},
             {"a.cc", "const Options options{1, 2};\nco_await read(options);\n"},
             {"a.cc", "if (co_await ready()) { f([x] { g(); }); }\n"},
             {"a.cc", "co_await waiters[index].wait();\n"},
             {"a.cc", "co_await run([] { return 1; });\n"},
             {"a.cc", "// co_await f({a, b});\nf(\"co_await f({})\");\n"},
             {"a.cc", "x = co_await f(a); g({1, 2});\n"},
         },
         {
             {"a.cc", "co_await f([x] { return x; });\n"},
             {"a.cc", "co_await f(\n    [&] { return x; });\n"},
             {"a.cc", "co_await f(Options{1, 2});\n"},
             {"a.cc", "co_await f({1, 2});\n"},
             {"a.cc", "y = ready ? co_await f(a, {b}) : 0;\n"},
             {"a.cc", "if (co_await f(Options{.a = 1})) {}\n"},
             {"a.cc", "co_await f([] { return 1; }, Options{1});\n"},
         });
}

TEST(TidyExamplesTest, LocalPaths) {
  expect(check_local_paths,
         {{"README.md", "framework/main is ours; ./sluice-data\n"}, {"a.cc", "#include \"engine/base/x.h\"\n"}},
         {{"README.md",
           "see /wo"
           "rk/notes\n"},
          {"docs/a.md",
           "as ../sha"
           "red/x\n"},
          {".ci/run",
           "cd /wo"
           "rk/main\n"}});
}

}  // namespace
}  // namespace sluice::tidy
