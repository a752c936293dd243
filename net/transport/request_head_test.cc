#include "net/transport/request_head.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace sluice {
namespace {

/// 200: complete; 0: incomplete; otherwise the refusal's status.
int verdict_of(std::string_view bytes, RequestHead& head) {
  HeadScanner scanner;
  const HeadVerdict scanned = scanner.scan(bytes);
  if (scanned.state == HeadVerdict::State::incomplete) return 0;
  if (scanned.state == HeadVerdict::State::refused) return scanned.status;
  const HeadVerdict parsed = parse_head(bytes.substr(0, scanner.size()), scanner.lines(), head);
  return parsed.state == HeadVerdict::State::complete ? 200 : parsed.status;
}
int verdict_of(std::string_view bytes) {
  RequestHead head;
  return verdict_of(bytes, head);
}

struct Case {
  const char* name;
  std::string_view bytes;
  int expected;
};

using namespace std::string_view_literals;

constexpr Case kRequestLines[] = {
    {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"not yet complete", "GET / HTTP/1.1\r\nHost: a\r\n", 0},
    {"nothing but the method", "GET", 0},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"TLS by mistake", "\x16\x03\x01\x02\x00\x01"sv, 400},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
    {"lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
    {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501},
    {"method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"absolute form in 1.0 without Host", "GET http://a/x HTTP/1.0\r\n\r\n", 200},
    {"absolute form, other host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute form with user info", "GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"another scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"fragment", "GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"quote in the target", "GET /x\"y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"backslash in the target", "GET /x\\y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"byte 0x80 in the target", "GET /x\x80y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"NUL in the target", "GET /x\0y HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400},
    {"encoded letter", "GET /x%41y HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"encoded slash", "GET /x%2fy HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded slash, upper case", "GET /x%2Fy HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded backslash", "GET /x%5cy HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded NUL", "GET /x%00y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"broken encoding", "GET /x%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"broken encoding at the end", "GET /x% HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoding that is no hex", "GET /x%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"dot segment", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"dot segment at the end", "GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"single dot segment", "GET /./b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded dot segment", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"half encoded dot segment", "GET /a/.%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"three dots are a name", "GET /a/.../b HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"dots inside a name", "GET /a/x..y/b.c HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"query with an encoded slash", "GET /a?x=%2F HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"query with a question mark", "GET /a?x=?/ HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"query with a broken encoding", "GET /a?x=%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"query with a space encoded as a tab", "GET /a?x=\ty HTTP/1.1\r\nHost: a\r\n\r\n", 400},
};

constexpr Case kFields[] = {
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 200},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"Host with a port", "GET / HTTP/1.1\r\nHost: a:8420\r\n\r\n", 200},
    {"Host with a bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400},
    {"Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400},
    {"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200},
    {"IPv6 Host unclosed", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"Host with user info", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"tab before the colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400},
    {"folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
    {"folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
    {"field without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
    {"name with a bracket", "GET / HTTP/1.1\r\nHost: a\r\nX[0]: b\r\n\r\n", 400},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"sv, 400},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", 400},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\x7F\r\n\r\n", 400},
    {"tab in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\tc\r\n\r\n", 200},
    {"UTF-8 in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xC3\xA9\r\n\r\n", 200},
    {"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", 200},
    {"Expect", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 200},
    {"Expect something else", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417},
    {"Authorization twice", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: x\r\n\r\n", 400},
    {"Idempotency-Key twice", "POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: x\r\nIdempotency-Key: y\r\n\r\n", 400},
    {"Idempotency-Key empty", "POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \r\n\r\n", 400},
};

constexpr Case kFraming[] = {
    {"Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 200},
    {"Content-Length twice, equal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
     400},
    {"Content-Length twice, different", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
     400},
    {"Content-Length list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400},
    {"Content-Length with plus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
    {"Content-Length with minus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400},
    {"Content-Length in hex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400},
    {"Content-Length with a space", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n", 400},
    {"Content-Length with a fraction", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\n", 400},
    {"Content-Length empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
    {"Content-Length quoted", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"5\"\r\n\r\n", 400},
    {"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
    {"chunked in capitals", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", 200},
    {"CL then TE", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"TE then CL", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
    {"TE twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"TE gzip", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
    {"TE gzip, chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"TE chunked, identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400},
    {"TE xchunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400},
    {"TE chunked with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400},
    {"TE with a vertical tab",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0B"
     "chunked\r\n\r\n",
     400},
    {"TE empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400},
    {"TE folded", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400},
    {"TE with a space before the colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
    {"TE in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
    {"GET with an empty body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200},
    {"GET chunked", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"HEAD with a body", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
    {"DELETE with a body", "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
};

TEST(RequestHeadTest, JudgesRequestLines) {
  for (const Case& c : kRequestLines) EXPECT_EQ(verdict_of(c.bytes), c.expected) << c.name;
}
TEST(RequestHeadTest, JudgesFields) {
  for (const Case& c : kFields) EXPECT_EQ(verdict_of(c.bytes), c.expected) << c.name;
}
TEST(RequestHeadTest, JudgesFraming) {
  for (const Case& c : kFraming) EXPECT_EQ(verdict_of(c.bytes), c.expected) << c.name;
}

TEST(RequestHeadTest, EverySplitGivesTheSameVerdict) {
  for (const auto& table :
       {std::span<const Case>(kRequestLines), std::span<const Case>(kFields), std::span<const Case>(kFraming)}) {
    for (const Case& c : table) {
      HeadScanner scanner;
      HeadVerdict verdict;
      for (std::size_t size = 1; size <= c.bytes.size() && verdict.state == HeadVerdict::State::incomplete; ++size) {
        verdict = scanner.scan(c.bytes.substr(0, size));
      }
      RequestHead head;
      if (verdict.state == HeadVerdict::State::complete) {
        verdict = parse_head(c.bytes.substr(0, scanner.size()), scanner.lines(), head);
      }
      const int status = verdict.state == HeadVerdict::State::complete ? 200 : verdict.status;
      EXPECT_EQ(status, c.expected) << c.name;
    }
  }
}

TEST(RequestHeadTest, FindsWhatItNeeds) {
  RequestHead head;
  ASSERT_EQ(
      verdict_of("POST /v1/scores/?a=b%20c HTTP/1.1\r\nhOST:  example.org:8420 \r\ncontent-type:application/json\r\n"
                 "Content-Encoding: gzip\r\nAuthorization: Bearer x.y\r\nx-api-key: k\r\nX-Secret-Key: s\r\n"
                 "Idempotency-Key: i\r\nX-Request-Id: r\r\nContent-Length: 0012\r\nExpect: 100-continue\r\n"
                 "Connection: foo, close\r\n\r\n",
                 head),
      200);
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.path, "/v1/scores/");
  EXPECT_EQ(head.query, "a=b%20c");
  EXPECT_EQ(head.host, "example.org:8420");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.content_encoding, "gzip");
  EXPECT_EQ(head.authorization, "Bearer x.y");
  EXPECT_EQ(head.api_key, "k");
  EXPECT_EQ(head.secret_key, "s");
  EXPECT_EQ(head.idempotency_key, "i");
  EXPECT_EQ(head.request_id, "r");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_FALSE(head.keep_alive);
}

TEST(RequestHeadTest, KeepsTheConnectionAsTheVersionSays) {
  struct {
    std::string_view bytes;
    bool keep_alive;
  } constexpr kCases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const auto& c : kCases) {
    RequestHead head;
    ASSERT_EQ(verdict_of(c.bytes, head), 200);
    EXPECT_EQ(head.keep_alive, c.keep_alive) << c.bytes;
  }
}

TEST(RequestHeadTest, AHugeContentLengthIsTheLargestNumberAndNotASmallOne) {
  RequestHead head;
  ASSERT_EQ(verdict_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\n", head), 200);
  EXPECT_EQ(head.content_length, ~std::uint64_t{0});
}

std::string request_line_of(std::size_t size) {
  const std::string before = "GET /";
  const std::string after = " HTTP/1.1";
  return before + std::string(size - before.size() - after.size(), 'x') + after + "\r\n";
}
std::string field_of(std::size_t size) { return "X: " + std::string(size - 3, 'x') + "\r\n"; }

TEST(RequestHeadTest, EachLimitHoldsAtItsBoundary) {
  const std::string host = "Host: a\r\n";
  EXPECT_EQ(verdict_of(request_line_of(limits::kRequestLineBytes) + host + "\r\n"), 200);
  EXPECT_EQ(verdict_of(request_line_of(limits::kRequestLineBytes + 1) + host + "\r\n"), 414);
  EXPECT_EQ(verdict_of(request_line_of(limits::kRequestLineBytes + 3).substr(0, limits::kRequestLineBytes + 1)), 414)
      << "without waiting for the line's end";
  EXPECT_EQ(verdict_of("GET / HTTP/1.1\r\n" + host + field_of(limits::kHeaderFieldBytes) + "\r\n"), 200);
  EXPECT_EQ(verdict_of("GET / HTTP/1.1\r\n" + host + field_of(limits::kHeaderFieldBytes + 1) + "\r\n"), 431);

  const std::string base = "GET / HTTP/1.1\r\n" + host + field_of(limits::kHeaderFieldBytes);
  const std::size_t left = limits::kHeadBytes - base.size() - 4;  // Two line ends.
  EXPECT_EQ(verdict_of(base + field_of(left) + "\r\n"), 200);
  EXPECT_EQ(verdict_of(base + field_of(left + 1) + "\r\n"), 431);

  std::string fields;
  for (std::size_t i = 1; i < limits::kHeaderFields; ++i) fields += "X: y\r\n";
  EXPECT_EQ(verdict_of("GET / HTTP/1.1\r\n" + host + fields + "\r\n"), 200);
  EXPECT_EQ(verdict_of("GET / HTTP/1.1\r\n" + host + fields + "X: y\r\n\r\n"), 431);
}

}  // namespace
}  // namespace sluice
