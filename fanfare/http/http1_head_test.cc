#include "fanfare/http/http1_head.h"

#include <gtest/gtest.h>

#include "fanfare/http/http1_recorder.h"

namespace fanfare::http {
namespace {

struct AcceptedHead {
  std::string_view bytes;
  std::string_view method;
  std::string_view target;
  std::string_view path;
  std::string_view query;
  std::string_view authority;
  Version version;
  bool stays_open;
};

constexpr Version k10 = Version::kHttp10;
constexpr Version k11 = Version::kHttp11;

constexpr AcceptedHead kAccepted[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "/", "", "a", k11, true},
    {"GET /a/b?x=1&y=2?z HTTP/1.1\r\nHost:a\r\n\r\n", "GET", "/a/b?x=1&y=2?z", "/a/b", "x=1&y=2?z", "a", k11, true},
    {"GET /? HTTP/1.1\r\nhOST: \t a:80 \t\r\n\r\n", "GET", "/?", "/", "", "a:80", k11, true},
    {"GET /%00%2f?topic={id}|^ HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/%00%2f?topic={id}|^", "/%00%2f", "topic={id}|^",
     "a", k11, true},
    {"GET /\xc3\xa9?\xff HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/\xc3\xa9?\xff", "/\xc3\xa9", "\xff", "a", k11, true},
    {"GET //a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "//a:1", "//a:1", "", "a", k11, true},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", "get", "/", "/", "", "a", k11, true},
    {"M!#$%&'*+-.^_`|~1 / HTTP/1.1\r\nHost: a\r\n\r\n", "M!#$%&'*+-.^_`|~1", "/", "/", "", "a", k11, true},
    {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET", "/", "/", "", "a", k11, true},
    // Hosts.
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "/", "", "", k11, true},
    {"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET", "/", "/", "", "[::1]:8080", k11, true},
    {"GET / HTTP/1.1\r\nHost: 127.0.0.1:\r\n\r\n", "GET", "/", "/", "", "127.0.0.1:", k11, true},
    {"GET / HTTP/1.1\r\nHost: a_b-c.%41:65535\r\n\r\n", "GET", "/", "/", "", "a_b-c.%41:65535", k11, true},
    // absolute-form; its authority wins over Host.
    {"GET http://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "http://b:1/x?y", "/x", "y", "b:1", k11, true},
    {"GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "HTTPS://b", "/", "", "b", k11, true},
    {"GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "http://b?y", "/", "y", "b", k11, true},
    {"GET http://[::1]/ HTTP/1.0\r\n\r\n", "GET", "http://[::1]/", "/", "", "[::1]", k10, false},
    // OPTIONS.
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", "*", "", "a", k11, true},
    {"OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "http://b", "*", "", "b", k11, true},
    {"OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "/x", "/x", "", "a", k11, true},
    // Persistence.
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET", "/", "/", "", "a", k11, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x ,, CLOSE\r\n\r\n", "GET", "/", "/", "", "a", k11, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", "GET", "/", "/", "", "a", k11, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "GET", "/", "/", "", "a", k11, true},
    {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "/", "", "", k10, false},
    {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET", "/", "/", "", "a", k10, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET", "/", "/", "", "", k10, true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "GET", "/", "/", "", "", k10, false},
    // Empty lines before the request, and fields at the edge of what is allowed.
    {"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "/", "", "a", k11, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\n!#$%&'*+-.^_`|~: \x80\xff\t:\"\\\r\n\r\n", "GET", "/", "/", "", "a", k11,
     true},
    {"GET / HTTP/1.0\r\nExpect: anything\r\n\r\n", "GET", "/", "/", "", "", k10, false},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST", "/", "/", "", "a", k11, true},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \t000 \r\n\r\n", "POST", "/", "/", "", "a", k11, true},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-Continue\r\n\r\n", "POST", "/", "/", "", "a", k11,
     true},
};

TEST(Http1Head, AcceptedHeadsMeanTheSameInWhateverPiecesTheyCome) {
  for (const AcceptedHead& row : kAccepted) {
    SCOPED_TRACE(row.bytes);
    for (const auto& pieces : cuts(row.bytes)) {
      Http1Bench bench;
      for (const auto piece : pieces) bench.feed(piece);
      ASSERT_EQ(bench.recorder.refused_reason, "");
      ASSERT_EQ(bench.recorder.heads.size(), 1u);
      ASSERT_EQ(bench.recorder.ended, 1);
      const RequestHead& head = bench.recorder.heads[0];
      EXPECT_EQ(head.method, row.method);
      EXPECT_EQ(head.target, row.target);
      EXPECT_EQ(head.path, row.path);
      EXPECT_EQ(head.query, row.query);
      EXPECT_EQ(head.authority, row.authority);
      EXPECT_EQ(head.version, row.version);
      EXPECT_EQ(bench.session.wants_close(), !row.stays_open);
    }
  }
}

TEST(Http1Head, FieldsComeInOrderWithTheSpacesAroundTheirValuesRemoved) {
  Http1Bench bench;
  bench.feed("GET / HTTP/1.1\r\nHost: a\r\nx-B: \t one  two \t\r\nX-b:\r\nY:a:b\r\n\r\n");
  std::string fields;
  for (const Header& field : bench.recorder.heads.at(0).headers) fields += field.name + "=" + field.value + ";";
  EXPECT_EQ(fields, "Host=a;x-B=one  two;X-b=;Y=a:b;");
}

struct RefusedHead {
  std::string_view bytes;
  int status;
  std::string_view reason;  // a part of it, so that the row is refused for what it is there for
};

// Strings with a length, for those that hold NUL.
using std::string_view_literals::operator""sv;

constexpr RefusedHead kRefused[] = {
    // The request line.
    {"GET /\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method target version"},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with a method"},
    {"GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method target version"},
    {"GET\r\nHost: a\r\n\r\n", 400, "method target version"},
    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begins with a space"},
    {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with a method"},
    {"GET: / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with a method"},
    {"G\xc3\x89T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with a method"},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400, "end in HTTP/1.1"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1 and HTTP/1.0 only"},
    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505, "HTTP/1.1 and HTTP/1.0 only"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1 and HTTP/1.0 only"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501, "CONNECT"},
    // Targets.
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "OPTIONS only"},
    {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with / or http://"},
    {"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with / or http://"},
    {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with / or http://"},
    {"GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with / or http://"},
    {"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no valid host"},
    {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no valid host"},
    {"GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no valid host"},
    {"GET http://b:x/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no valid host"},
    {"GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n", 400, "fragment"},
    // Host.
    {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
    {"GET http://b/ HTTP/1.1\r\n\r\n", 400, "no Host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a:99999999999999999999\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: [a.b]\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: %4\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: %zz\r\n\r\n", 400, "Host is not"},
    {"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", 400, "Host is not"},
    {"GET http://b/ HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host is not"},
    // Lines.
    {"GET / HTTP/1.1\nHost: a\n\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "LF without CR"},
    {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "LF without CR"},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "CR without LF"},
    {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, "CR without LF"},
    {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400, "CR without LF"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400, "CR without LF"},
    {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "CR without LF"},
    {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "empty lines"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400, "begins with a space"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", 400, "begins with a space"},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "begins with a space"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"sv, 400, "control byte"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400, "control byte"},
    {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control byte"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x0b\r\n\r\n", 400, "control byte"},
    {"\x16\x03\x01\x02", 400, "control byte"},
    // Field names.
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX Y: x\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX(: x\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa9: x\r\n\r\n", 400, "header name"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400, "no colon"},
    // Content-Length.
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "more than one Content"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1a\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1.0\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 400, "not a length"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", 413, "larger"},
    // Transfer-Encoding.
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400, "both"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: x\r\n\r\n", 400, "both"},
    {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0 has no"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "but chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a;b=c\r\nTransfer-Encoding: chunked\r\n\r\n", 501,
     "but chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x=y\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "must be"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , chunked\r\n\r\n", 400, "must be: chunked"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400, "must be: chunked"},
    // Expect.
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 200-ok\r\n\r\n", 417, "Expect"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", 417, "Expect"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: x\r\n\r\n", 417, "Expect"},
};

// receive_end proves that the reason is the bytes, not their end.
TEST(Http1Head, RefusedHeadsGetTheirStatusAndReasonInWhateverPiecesTheyCome) {
  for (const RefusedHead& row : kRefused) {
    SCOPED_TRACE(row.bytes);
    for (const auto& pieces : cuts(row.bytes)) {
      Http1Bench bench;
      for (const auto piece : pieces) bench.feed(piece);
      bench.session.receive_end();
      ASSERT_EQ(bench.recorder.refused_status, row.status) << bench.recorder.refused_reason;
      EXPECT_TRUE(bench.recorder.refused_reason.contains(row.reason)) << bench.recorder.refused_reason;
      EXPECT_EQ(bench.recorder.ended, 0);
      EXPECT_TRUE(bench.session.wants_close());
      EXPECT_TRUE(bench.send().starts_with("HTTP/1.1 " + std::to_string(row.status) + " "));
      EXPECT_EQ(bench.session.memory_bytes(), 0u);
    }
  }
}

TEST(Http1Head, ARefusalIsAProblemThatCloses) {
  Http1Bench bench;
  bench.feed("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(
      bench.send(),
      "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: 73\r\n"
      "Connection: close\r\n\r\n{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"The request has no Host.\"}\n");
  bench.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(bench.send_new(), "");
  EXPECT_TRUE(bench.recorder.heads.empty());
}

TEST(Http1Head, TheRefusalOfWhatFollowsAHeadRequestHasABody) {
  Http1Bench bench;
  bench.feed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n\n");
  EXPECT_TRUE(bench.send().ends_with("\"detail\":\"A line of the head ends in LF without CR.\"}\n"));
}

TEST(Http1Head, TheRefusalOfAHeadRequestHasNoBody) {
  for (const std::string_view bytes : {"HEAD / HTTP/1.1\r\n\r\n", "\r\nHEAD / HTTP/1.1\r\n\r\n"}) {
    Http1Bench bench;
    bench.feed(bytes);
    EXPECT_TRUE(bench.send().contains("Content-Length: 73\r\n"));
    EXPECT_TRUE(bench.send().ends_with("\r\n\r\n"));
  }
}

}  // namespace
}  // namespace fanfare::http
