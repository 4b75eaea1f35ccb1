#include "fanfare/server/client_address.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fanfare {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::vector<net::IpRange> kTrusted = {net::IpRange::parse("10.0.0.0/8").value(),
                                            net::IpRange::parse("fd00::/8").value()};

struct Case {
  const char* peer;
  Fields fields;
  const char* client;
};

const Case kCases[] = {
    {"192.0.2.1", {}, "192.0.2.1"},
    {"192.0.2.1", {{"X-Forwarded-For", "198.51.100.7"}}, "192.0.2.1"},
    {"10.0.0.1", {}, "10.0.0.1"},
    {"10.0.0.1", {{"X-Forwarded-For", "198.51.100.7"}}, "198.51.100.7"},
    {"10.0.0.1", {{"x-forwarded-for", "1.1.1.1, 198.51.100.7"}}, "198.51.100.7"},
    {"10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7,10.0.0.2"}}, "198.51.100.7"},
    {"10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "198.51.100.7"}}, "198.51.100.7"},
    {"10.0.0.1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, "10.0.0.3"},
    {"10.0.0.1", {{"X-Forwarded-For", "198.51.100.7, unknown, 10.0.0.2"}}, "10.0.0.2"},
    {"10.0.0.1", {{"X-Forwarded-For", ""}}, "10.0.0.1"},
    {"10.0.0.1", {{"X-Forwarded-For", "198.51.100.7:4711"}}, "198.51.100.7"},
    {"10.0.0.1", {{"X-Forwarded-For", "2001:db8::7"}}, "2001:db8::7"},
    {"10.0.0.1", {{"X-Forwarded-For", "[2001:db8::7]:80"}}, "2001:db8::7"},
    {"10.0.0.1", {{"X-Forwarded-For", "["}}, "10.0.0.1"},
    {"fd00::1", {{"Forwarded", "for=1.1.1.1, For=\"[2001:db8::7]:80\";proto=https"}}, "2001:db8::7"},
    {"10.0.0.1", {{"Forwarded", "proto=https;for=198.51.100.7;by=10.0.0.1"}}, "198.51.100.7"},
    {"10.0.0.1", {{"Forwarded", "for=_hidden"}}, "10.0.0.1"},
    {"10.0.0.1", {{"Forwarded", "proto=https"}}, "10.0.0.1"},
    {"10.0.0.1", {{"Forwarded", "for=1.1.1.1"}, {"X-Forwarded-For", "198.51.100.7"}}, "198.51.100.7"},
};

TEST(ClientAddress, IsWhatTheLastTrustedProxySaw) {
  for (const Case& one : kCases) {
    http::Headers headers;
    for (const auto& [name, value] : one.fields) headers.add(name, value);
    const auto client = client_of(net::IpAddress::parse(one.peer).value(), headers, kTrusted);
    EXPECT_EQ(client, net::IpAddress::parse(one.client).value())
        << one.peer << " " << (one.fields.empty() ? "" : one.fields.front().second);
  }
}

TEST(ClientAddress, WithoutTrustNobodyIsBelieved) {
  http::Headers headers;
  headers.add("X-Forwarded-For", "198.51.100.7");
  const auto peer = net::IpAddress::parse("10.0.0.1").value();
  EXPECT_EQ(client_of(peer, headers, {}), peer);
}

struct OriginCase {
  const char* peer;
  Transport transport;
  Fields fields;
  const char* origin;
};

const OriginCase kOrigins[] = {
    {"192.0.2.1", Transport::kClear, {}, "http://hub.example"},
    {"192.0.2.1", Transport::kTls, {}, "https://hub.example"},
    {"192.0.2.1",
     Transport::kClear,
     {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil.example"}},
     "http://hub.example"},
    {"192.0.2.1", Transport::kClear, {{"Forwarded", "proto=https;host=evil.example"}}, "http://hub.example"},
    {"10.0.0.1", Transport::kClear, {}, "http://hub.example"},
    {"10.0.0.1", Transport::kClear, {{"X-Forwarded-Proto", "HTTPS"}}, "https://hub.example"},
    {"10.0.0.1", Transport::kTls, {{"X-Forwarded-Proto", "http"}}, "http://hub.example"},
    {"10.0.0.1", Transport::kClear, {{"X-Forwarded-Proto", "gopher"}}, "http://hub.example"},
    {"10.0.0.1", Transport::kClear, {{"X-Forwarded-Host", "News.Example:8443"}}, "http://news.example:8443"},
    {"10.0.0.1", Transport::kClear, {{"X-Forwarded-Host", "a.example/?"}}, "http://hub.example"},
    {"10.0.0.1",
     Transport::kClear,
     {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "news.example:443"}},
     "https://news.example"},
    // What comes first is the client's word, where the proxies append.
    {"10.0.0.1",
     Transport::kClear,
     {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7, 10.0.0.2"},
      {"X-Forwarded-Proto", "gopher, https, http"},
      {"X-Forwarded-Host", "evil.example, news.example, inner.example"}},
     "https://news.example"},
    {"10.0.0.1",
     Transport::kClear,
     {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7"},
      {"X-Forwarded-Host", "evil.example"},
      {"X-Forwarded-Host", "x.example"},
      {"X-Forwarded-Host", "news.example"}},
     "http://news.example"},
    {"10.0.0.1",
     Transport::kClear,
     {{"Forwarded", "for=1.1.1.1;host=evil.example, for=198.51.100.7;Proto=https;host=\"[2001:db8::1]:8443\""},
      {"Forwarded", "for=10.0.0.2;proto=http;host=inner.example"}},
     "https://[2001:db8::1]:8443"},
    {"10.0.0.1", Transport::kClear, {{"Forwarded", "for=198.51.100.7"}}, "http://hub.example"},
};

TEST(OriginOf, IsWhatTheClientSeesByTheWordOfTrustedProxiesAlone) {
  for (const OriginCase& one : kOrigins) {
    http::RequestHead head;
    head.authority = "Hub.example";
    std::string all;
    for (const auto& [name, value] : one.fields) {
      head.headers.add(name, value);
      all.append(name).append(": ").append(value).append("; ");
    }
    EXPECT_EQ(origin_of(head, net::IpAddress::parse(one.peer).value(), one.transport, kTrusted), one.origin) << all;
  }
}

}  // namespace
}  // namespace fanfare
