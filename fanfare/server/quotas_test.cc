#include "fanfare/server/quotas.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare {
namespace {

constexpr std::uint64_t kNow_ms = 9'000'000;

net::IpAddress ip(const char* text) {
  return net::IpAddress::parse(text).value();
}
const net::IpAddress kOne = ip("192.0.2.1");
const net::IpAddress kOther = ip("192.0.2.2");

std::vector<Update> updates(std::initializer_list<std::vector<std::string>> topics) {
  std::vector<Update> made;
  for (const auto& each : topics) {
    Update update;
    update.topics = each;
    made.push_back(std::move(update));
  }
  return made;
}

std::uint64_t refusals_of(const Quotas& quotas, std::string_view limit) {
  for (const auto& [name, total] : quotas.refusals()) {
    if (name == limit) return total;
  }
  ADD_FAILURE() << "no limit " << limit;
  return 0;
}

class QuotasTest : public testing::Test {
 protected:
  QuotasTest() { limits.burst_s = 1; }
  // Empty if it passed.
  std::string publish(const net::IpAddress& address, std::string_view subject, const std::vector<Update>& which,
                      std::uint64_t now_ms = kNow_ms) {
    const auto over = quotas.publish(limits, address, subject, which, now_ms);
    if (!over) return {};
    EXPECT_EQ(over->status, 429);
    retry_after_s = over->retry_after_s;
    return over->reason;
  }

  Limits limits;
  Quotas quotas{limits};
  std::uint64_t retry_after_s = 0;
};

TEST_F(QuotasTest, WithoutLimitsEverythingPasses) {
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(quotas.connect(limits, kOne).second, Welcome::kServed);
    EXPECT_TRUE(quotas.subscribe(limits, kOne, "s"));
    EXPECT_EQ(publish(kOne, "s", updates({{"a"}})), "");
  }
}

TEST_F(QuotasTest, ConnectionsOfAnAddressAreToldThenClosedAndComeAgainWhenOthersEnd) {
  limits.connections_per_address_max = 2;
  std::vector<Place> places;
  const auto connect = [&](const net::IpAddress& address) {
    auto [place, welcome] = quotas.connect(limits, address);
    places.push_back(std::move(place));
    return welcome;
  };
  EXPECT_EQ(connect(kOne), Welcome::kServed);
  EXPECT_EQ(connect(kOne), Welcome::kServed);
  EXPECT_EQ(connect(kOther), Welcome::kServed);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(connect(kOne), Welcome::kRefused);
  EXPECT_EQ(connect(kOne), Welcome::kClosed);
  EXPECT_EQ(refusals_of(quotas, "connections_per_address_max"), 17u);
  places.clear();
  EXPECT_EQ(connect(kOne), Welcome::kServed);
}

TEST_F(QuotasTest, WhatIsOpenCountsWhenALimitIsSet) {
  std::vector<Place> places;
  places.push_back(quotas.connect(limits, kOne).first);
  places.push_back(quotas.subscribe(limits, kOne, "ann").value());
  limits.connections_per_address_max = 1;
  EXPECT_EQ(quotas.connect(limits, kOne).second, Welcome::kRefused);
  for (auto most :
       {&Limits::subscribers_max, &Limits::subscribers_per_address_max, &Limits::subscribers_per_subject_max}) {
    Limits one = limits;
    one.*most = 1;
    EXPECT_FALSE(quotas.subscribe(one, kOne, "ann"));
    EXPECT_TRUE(quotas.subscribe(limits, kOne, "ann"));
  }
  places.clear();
  EXPECT_EQ(quotas.connect(limits, kOne).second, Welcome::kServed);
}

TEST_F(QuotasTest, AnIpv6ClientIsItsNetwork) {
  limits.connections_per_address_max = 1;
  const auto first = quotas.connect(limits, ip("2001:db8:0:1::1"));
  EXPECT_EQ(quotas.connect(limits, ip("2001:db8:0:1::2")).second, Welcome::kRefused);
  EXPECT_EQ(quotas.connect(limits, ip("2001:db8:0:2::1")).second, Welcome::kServed);
}

TEST_F(QuotasTest, StreamsAreLimitedInAllByAddressAndBySubject) {
  limits.subscribers_max = 3;
  limits.subscribers_per_address_max = 2;
  limits.subscribers_per_subject_max = 1;
  limits.retry_after_s = 7;
  std::vector<Place> places;
  const auto subscribe = [&](const net::IpAddress& address, std::string_view subject) {
    auto place = quotas.subscribe(limits, address, subject);
    if (place) {
      places.push_back(std::move(*place));
      return 200;
    }
    EXPECT_EQ(place.error().retry_after_s, 7u);
    return place.error().status;
  };
  EXPECT_EQ(subscribe(kOne, "ann"), 200);
  EXPECT_EQ(subscribe(kOther, "ann"), 429);
  EXPECT_EQ(subscribe(kOne, ""), 200) << "without a token there is no subject";
  EXPECT_EQ(subscribe(kOne, ""), 429);
  EXPECT_EQ(subscribe(kOther, "bob"), 200);
  EXPECT_EQ(subscribe(kOther, "eve"), 503) << "the hub is full";
  EXPECT_EQ(refusals_of(quotas, "subscribers_max"), 1u);
  EXPECT_EQ(refusals_of(quotas, "subscribers_per_address_max"), 1u);
  EXPECT_EQ(refusals_of(quotas, "subscribers_per_subject_max"), 1u);
  places.front() = Place();
  EXPECT_EQ(subscribe(kOther, "ann"), 200);
}

TEST_F(QuotasTest, ARefusedStreamTakesNoPlace) {
  limits.subscribers_max = 2;
  limits.subscribers_per_subject_max = 1;
  const auto first = quotas.subscribe(limits, kOne, "ann");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(quotas.subscribe(limits, kOne, "ann"));
  EXPECT_TRUE(quotas.subscribe(limits, kOne, "bob"));
}

TEST_F(QuotasTest, RatesAreByAddressAndBySubject) {
  limits.publishes_per_s_per_address_max = 2;
  EXPECT_EQ(publish(kOne, "ann", updates({{"a"}, {"b"}})), "");
  EXPECT_EQ(publish(kOne, "bob", updates({{"c"}})),
            "at most 2 updates a second are taken for one address (publishes_per_s_per_address_max): try again in 1 s");
  EXPECT_EQ(retry_after_s, 1u);
  EXPECT_EQ(publish(kOther, "ann", updates({{"a"}})), "");
  EXPECT_EQ(publish(kOne, "bob", updates({{"c"}}), kNow_ms + 500), "");

  limits.publishes_per_s_per_address_max = 0;
  limits.publishes_per_s_per_subject_max = 1;
  EXPECT_EQ(publish(kOne, "ann", updates({{"a"}})), "");
  EXPECT_NE(publish(kOther, "ann", updates({{"a"}})), "");
  EXPECT_EQ(publish(kOther, "bob", updates({{"a"}})), "");
}

TEST_F(QuotasTest, EveryUpdateOfABatchCountsAndWhatIsRefusedTakesNothing) {
  limits.publishes_per_s_per_address_max = 10;
  limits.updates_per_s_per_topic_max = 2;
  const auto batch = updates({{"a"}, {"b", "a"}, {"a"}});
  EXPECT_EQ(publish(kOne, "", batch), "") << "a batch larger than the bucket passes when it is full";
  EXPECT_NE(publish(kOne, "", updates({{"c"}, {"d", "a"}})), "");
  EXPECT_EQ(publish(kOne, "", updates({{"b"}})), "") << "the refused batch took nothing";
  EXPECT_NE(publish(kOne, "", updates({{"b"}})), "");
  EXPECT_EQ(refusals_of(quotas, "updates_per_s_per_topic_max"), 2u);
  EXPECT_EQ(refusals_of(quotas, "publishes_per_s_per_address_max"), 0u);
}

TEST_F(QuotasTest, TheLongestWaitIsTold) {
  limits.publishes_per_s_per_address_max = 1;
  limits.updates_per_s_per_topic_max = 1;
  publish(kOne, "", updates({{"a"}, {"a"}, {"a"}, {"b"}}));
  EXPECT_NE(publish(kOne, "", updates({{"a"}})).find("one address"), std::string::npos);
  EXPECT_EQ(retry_after_s, 4u);
  EXPECT_NE(publish(kOther, "", updates({{"a"}})).find("one topic"), std::string::npos);
  EXPECT_EQ(retry_after_s, 3u);
}

TEST_F(QuotasTest, APublisherIsLookedAtWithoutTaking) {
  limits.publishes_per_s_per_subject_max = 1;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(quotas.check_publisher(limits, kOne, "ann", kNow_ms));
  EXPECT_EQ(publish(kOne, "ann", updates({{"a"}})), "");
  EXPECT_TRUE(quotas.check_publisher(limits, kOne, "ann", kNow_ms));
}

TEST_F(QuotasTest, ABurstIsSoManySecondsWorth) {
  limits.publishes_per_s_per_address_max = 2;
  limits.burst_s = 3;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(publish(kOne, "", updates({{"a"}})), "");
  EXPECT_NE(publish(kOne, "", updates({{"a"}})), "");
}

TEST(SubjectOf, IsTheSubOfItsIssuerElseTheTokenWithoutItsSignature) {
  Grants named;
  named.issuer = "i";
  named.subject = "s";
  Grants other = named;
  other.issuer = "j";
  EXPECT_EQ(subject_of("a.b.c", named), subject_of("x.y.z", named));
  EXPECT_NE(subject_of("a.b.c", named), subject_of("a.b.c", other));
  EXPECT_EQ(subject_of("a.b.c", {}), subject_of("a.b.d", {}));
  EXPECT_NE(subject_of("a.b.c", {}), subject_of("a.x.c", {}));
  EXPECT_EQ(subject_of(std::nullopt, {}), "");
}

}  // namespace
}  // namespace fanfare
