#include "fanfare/net/address.h"

#include <gtest/gtest.h>

namespace fanfare::net {
namespace {

std::string parsed(std::string_view text) {
  const auto address = parse_address(text);
  return address ? address->text() : "refused";
}

TEST(Address, IsReadAndWritten) {
  EXPECT_EQ(parsed("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(parsed("[::1]:80"), "[::1]:80");
  EXPECT_EQ(parsed("[2001:DB8::0:1]:1"), "[2001:db8::1]:1");
  EXPECT_EQ(parsed("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(parsed("127.0.0.1:65535"), "127.0.0.1:65535");
  EXPECT_EQ(parse_address("127.0.0.1:8080")->port(), 8080);
  EXPECT_EQ(parse_address("[::1]:8081")->port(), 8081);
}

TEST(Address, WithoutAHostIsEveryInterface) {
  const auto address = parse_address(":8080");
  ASSERT_TRUE(address.has_value());
  EXPECT_TRUE(address->text() == "0.0.0.0:8080" || address->text() == "[::]:8080") << address->text();
  EXPECT_FALSE(address->is_loopback());
}

TEST(Address, IsRefusedWithWhatWouldBeRight) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 80",
        "127.0.0.1:8x", "127.0.0.1:http", "::1:80", "[::1:80", "[]:80", "1.2.3.4.5:80", "[1::2::3]:80", "no host:80"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_NE(address.error().message.find("127.0.0.1:8080"), std::string::npos) << address.error().message;
  }
}

TEST(Address, KnowsWhatIsThisMachineOnly) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.1:1", "[::1]:1"}) {
    EXPECT_TRUE(parse_address(text)->is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "126.0.0.1:1", "10.0.0.1:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(parse_address(text)->is_loopback()) << text;
  }
}

}  // namespace
}  // namespace fanfare::net
