#include "fanfare/net/ip_address.h"

#include <gtest/gtest.h>

namespace fanfare::net {
namespace {

IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, IsReadAsIpv4AndIpv6AndNothingElse) {
  EXPECT_TRUE(ip("192.0.2.1").is_v4());
  EXPECT_FALSE(ip("2001:db8::1").is_v4());
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "localhost", "[::1]", "::1%lo", "1.2.3.4:80", " ::1"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
}

TEST(IpAddress, ASocketsAddressIsTheSameWithoutItsPort) {
  EXPECT_EQ(IpAddress::of(*parse_address("127.0.0.1:80")), ip("127.0.0.1"));
  EXPECT_EQ(IpAddress::of(*parse_address("[::1]:80")), ip("::1"));
}

TEST(IpAddress, AClientHasAnIpv4AddressOrA64BitsOfIpv6) {
  EXPECT_EQ(ip("192.0.2.1").of_client(), ip("192.0.2.1"));
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").of_client(), ip("2001:db8:1:2::"));
  EXPECT_NE(ip("2001:db8:1:2::1").of_client(), ip("2001:db8:1:3::1").of_client());
}

TEST(IpRange, ContainsWhatSharesItsBits) {
  const struct {
    const char* range;
    const char* inside;
    const char* outside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
      {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
      {"192.0.2.128/25", "192.0.2.129", "192.0.2.127"},
      {"192.0.2.7/32", "192.0.2.7", "192.0.2.8"},
      {"0.0.0.0/0", "255.1.2.3", "2001:db8::1"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
      {"::1/128", "::1", "::2"},
      {"::1", "::1", "127.0.0.1"},
      {"10.9.9.9/8", "10.1.1.1", "9.9.9.9"},
  };
  for (const auto& row : rows) {
    const auto range = IpRange::parse(row.range);
    ASSERT_TRUE(range) << row.range;
    EXPECT_TRUE(range->contains(ip(row.inside))) << row.range;
    EXPECT_FALSE(range->contains(ip(row.outside))) << row.range;
  }
  EXPECT_TRUE(IpRange::parse("::/0")->contains(ip("192.0.2.1")));
}

TEST(IpAddress, ItsTextIsThatOfTheAddressItIs) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::1", "::"}) EXPECT_EQ(ip(text).text(), text);
  EXPECT_EQ(ip("::ffff:192.0.2.1").text(), "192.0.2.1");
}

TEST(IpRange, RefusesWhatIsNone) {
  for (const char* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "proxy/8"}) {
    EXPECT_FALSE(IpRange::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace fanfare::net
