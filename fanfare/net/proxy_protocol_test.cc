// Headers of the PROXY protocol as proxies send them, and as nobody should: whole, byte by byte, and split at every
// place.
#include "fanfare/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fanfare::net {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kTcp4("\xC6\x33\x64\x07\x7F\x00\x00\x01\x12\x67\x01\xBB", 12);  // 198.51.100.7:4711 to 127.0.0.1:443
const std::string kTcp6 = std::string("\x20\x01\x0D\xB8", 4) + std::string(11, '\0') + "\x07" + std::string(15, '\0') +
                          "\x01" + std::string("\x12\x67\x01\xBB", 4);
const std::string kUnix(216, 'u');
const std::string kTlvs("\x04\x00\x03\x00\x00\x00\x05\x00\x02id", 11);  // padding, and a unique id

std::string header(unsigned version_and_command, unsigned form, const std::string& rest) {
  std::string all = kSignature;
  for (const auto byte : {std::size_t{version_and_command}, std::size_t{form}, rest.size() >> 8, rest.size() & 255}) {
    all.push_back(static_cast<char>(byte));
  }
  return all + rest;
}

// What comes of the bytes in pieces of these sizes, the last of which repeats: the source's address, "own" for the
// connection's own, "more" where they are not all, else the reason why they are refused. A piece never goes beyond
// what is wanted; what is behind the header must be left.
std::string outcome(std::string_view bytes, std::size_t first, std::size_t others) {
  ProxyHeader parsed;
  std::size_t size = first;
  while (parsed.wanted() > 0 && !bytes.empty()) {
    const std::size_t count = std::min({size, bytes.size(), parsed.wanted()});
    const std::string exact(bytes.substr(0, count));
    if (const auto taken = parsed.take(exact); !taken) return taken.error().message;
    bytes.remove_prefix(count);
    size = others;
  }
  if (parsed.wanted() > 0) return "more";
  const auto source = parsed.source();
  return (source ? source->text() : "own") + (bytes.empty() ? "" : " and " + std::string(bytes));
}

struct Case {
  std::string bytes;
  std::string outcome;
};

const std::vector<Case> kCases = {
    {header(0x21, 0x11, kTcp4), "198.51.100.7:4711"},
    {header(0x21, 0x12, kTcp4), "198.51.100.7:4711"},
    {header(0x21, 0x21, kTcp6), "[2001:db8::7]:4711"},
    {header(0x21, 0x22, kTcp6), "[2001:db8::7]:4711"},
    {header(0x21, 0x11, kTcp4 + kTlvs) + "GET /", "198.51.100.7:4711 and GET /"},
    {header(0x21, 0x21, kTcp6 + kTlvs) + header(0x21, 0x11, kTcp4),
     "[2001:db8::7]:4711 and " + header(0x21, 0x11, kTcp4)},
    {header(0x21, 0x31, kUnix), "own"},
    {header(0x21, 0x32, kUnix + kTlvs) + "x", "own and x"},
    {header(0x21, 0x00, ""), "own"},
    {header(0x21, 0x00, kTlvs), "own"},
    {header(0x20, 0x00, ""), "own"},
    {header(0x20, 0x11, kTcp4) + "x", "own and x"},
    {header(0x20, 0x77, "abc") + "x", "own and x"},
    {header(0x21, 0x11, kTcp4 + std::string(4096 - 28, 't')), "198.51.100.7:4711"},
    {header(0x21, 0x11, kTcp4 + std::string(4096 - 27, 't')), "a PROXY header of 4097 bytes: more than 4096"},
    {header(0x20, 0x00, std::string(65'535, 't')), "a PROXY header of 65551 bytes: more than 4096"},
    {header(0x21, 0x11, kTcp4.substr(1)), "a PROXY header too short for its addresses"},
    {header(0x21, 0x21, kTcp6.substr(1)), "a PROXY header too short for its addresses"},
    {header(0x21, 0x31, kUnix.substr(1)), "a PROXY header too short for its addresses"},
    {header(0x21, 0x10, kTcp4), "a PROXY header with the family and transport 16, which nobody knows"},
    {header(0x21, 0x13, kTcp4), "a PROXY header with the family and transport 19, which nobody knows"},
    {header(0x21, 0x41, kUnix), "a PROXY header with the family and transport 65, which nobody knows"},
    {header(0x22, 0x11, kTcp4), "a PROXY header with the command 2, which nobody knows"},
    {header(0x11, 0x11, kTcp4), "a PROXY header of version 1, where version 2 is taken"},
    {header(0x31, 0x11, kTcp4), "a PROXY header of version 3, where version 2 is taken"},
    {"PROXY TCP4 198.51.100.7 127.0.0.1 4711 443\r\n",
     "a PROXY header of version 1, where version 2 is taken (HAProxy: send-proxy-v2)"},
    {"GET / HTTP/1.1\r\n\r\n", "no PROXY header (HAProxy: send-proxy-v2)"},
    {"POST / HTTP/1.1\r\n\r\n", "no PROXY header (HAProxy: send-proxy-v2)"},
    {"PRI * HTTP/2.0\r\n\r\n", "no PROXY header (HAProxy: send-proxy-v2)"},
    {"\x16\x03\x01", "no PROXY header (HAProxy: send-proxy-v2)"},
    {"\r\n\r\n"
     "GET /",
     "no PROXY header (HAProxy: send-proxy-v2)"},
    {"", "more"},
    {"PROX", "more"},
    {header(0x21, 0x11, kTcp4).substr(0, 27), "more"},
    {kSignature, "more"},
};

TEST(ProxyHeader, SaysTheSameOfEveryHeaderHoweverItIsSplit) {
  for (const Case& one : kCases) {
    const std::size_t size = one.bytes.size();
    EXPECT_EQ(outcome(one.bytes, size, size), one.outcome) << size << " bytes";
    EXPECT_EQ(outcome(one.bytes, 1, 1), one.outcome) << size << " bytes, one by one";
    for (std::size_t at = 1; at < std::min<std::size_t>(size, 300); ++at) {
      EXPECT_EQ(outcome(one.bytes, at, size), one.outcome) << size << " bytes, split at " << at;
    }
  }
}

TEST(ProxyHeader, AnUnendingOneIsRefusedByItsFirstBytes) {
  ProxyHeader parsed;
  EXPECT_EQ(parsed.wanted(), 16u);
  EXPECT_FALSE(parsed.take(header(0x20, 0x00, std::string(5'000, 't')).substr(0, 16)));
}

}  // namespace
}  // namespace fanfare::net
