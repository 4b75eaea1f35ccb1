#include "fanfare/coding/received_sum.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fanfare {
namespace {

constexpr Coding kAll[] = {Coding::kIdentity, Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate};

TEST(PlainSum, HasTheChecksumOfItsFormat) {
  EXPECT_EQ(sum_of(Coding::kGzip, "123456789"), (PlainSum{9, 0xcbf43926}));
  EXPECT_EQ(sum_of(Coding::kDeflate, "Wikipedia"), (PlainSum{9, 0x11e60398}));
  EXPECT_EQ(sum_of(Coding::kZstd, "123456789"), (PlainSum{9, 0}));
  EXPECT_EQ(sum_of(Coding::kBr, "123456789"), (PlainSum{9, 0}));
  for (const Coding coding : kAll) EXPECT_EQ(sum_of(coding, ""), empty_sum(coding));
}

TEST(PlainSum, OfTwoPiecesIsThatOfBothTogether) {
  const std::string text = std::string(70'000, '\xff') + "and some words";
  for (const Coding coding : kAll)
    for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{65'521}, text.size()})
      EXPECT_EQ(sum_of_both(coding, sum_of(coding, text.substr(0, cut)), sum_of(coding, text.substr(cut))),
                sum_of(coding, text));
}

std::string random_text(std::minstd_rand& random) {
  std::string text(random() % 300, '\0');
  for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? 255 : random());
  return text;
}

TEST(ReceivedSum, IsThatOfWhatTheSubscriberGotHoweverItCame) {
  for (const Coding coding : kAll) {
    std::minstd_rand random(7);
    for (int round = 0; round < 300; ++round) {
      ReceivedSum received(coding);
      std::string got;
      PlainSum audience = sum_of(coding, random_text(random));
      for (auto step = random() % 10; step > 0; --step) {
        const std::string text = random_text(random);
        if (random() % 3 == 0) {
          if (received.attached()) {
            received.detach(audience);
          } else {
            received.attach(audience);
          }
        } else if (received.attached()) {
          audience = sum_of_both(coding, audience, sum_of(coding, text));
          got.append(text);
        } else {
          received.add(sum_of(coding, text));
          got.append(text);
        }
      }
      if (received.attached()) received.detach(audience);
      ASSERT_EQ(received.sum(), sum_of(coding, got)) << coding_name(coding) << " round " << round;
    }
  }
}

// Where lengths no longer fit into 32 bits, on both sides.
TEST(ReceivedSum, IsRightBeyond4GiB) {
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate}) {
    PlainSum large = sum_of(coding, std::string(1'000'001, 'x'));
    while (large.bytes < (std::uint64_t{1} << 35)) large = sum_of_both(coding, large, large);
    ReceivedSum received(coding);
    received.add(sum_of(coding, "before"));
    const PlainSum joined_at = sum_of_both(coding, large, sum_of(coding, "others got this"));
    received.attach(joined_at);
    received.detach(sum_of_both(coding, joined_at, large));
    EXPECT_EQ(received.sum(), sum_of_both(coding, sum_of(coding, "before"), large));
  }
}

using ReceivedSumDeathTest = testing::Test;

TEST(ReceivedSumDeathTest, WhoIsAttachedIsNotAlone) {
  ReceivedSum received(Coding::kGzip);
  EXPECT_DEATH(received.detach({}), "attached_");
  received.attach({.bytes = 10, .checksum = 1});
  EXPECT_DEATH(received.attach({}), "!attached_");
  EXPECT_DEATH(received.add({}), "!attached_");
  EXPECT_DEATH(received.detach({.bytes = 9, .checksum = 1}), "joined_at_");
}

}  // namespace
}  // namespace fanfare
