#include "fanfare/server/outbox.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace fanfare {
namespace {

std::string content(const Outbox& outbox) {
  std::array<std::string_view, 64> slices;
  std::string all;
  const std::size_t count = outbox.slices(slices);
  for (std::size_t i = 0; i < count; ++i) all += slices[i];
  return all;
}

TEST(Outbox, KeepsTheOrderOfItsOwnBytesAndOfThoseThatItHolds) {
  Holdings holdings;
  Outbox outbox;
  outbox.add("head");
  outbox.add("+");
  outbox.add(HeldBytes{RenditionRef::make(holdings, "event"), {}});  // nothing
  const RenditionRef rendition = RenditionRef::make(holdings, "event");
  outbox.add(HeldBytes{rendition, rendition->payload()});
  outbox.add("tail");
  EXPECT_EQ(content(outbox), "head+eventtail");
  std::array<std::string_view, 2> first;
  EXPECT_EQ(outbox.slices(first), 2U);
  EXPECT_EQ(first[0], "head+") << "what stands together is one slice";
  EXPECT_EQ(first[1].data(), rendition->payload().data()) << "and no rendition is copied";
}

TEST(Outbox, WhatIsTakenIsHeldNoLonger) {
  Holdings holdings;
  Outbox outbox;
  {
    const RenditionRef rendition = RenditionRef::make(holdings, "event");
    outbox.add("own");
    outbox.add(HeldBytes{rendition, rendition->payload()});
  }
  outbox.consume(7);
  EXPECT_EQ(content(outbox), "t");
  EXPECT_GT(holdings.bytes, 0U);
  outbox.consume(1);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(holdings.bytes, 0U);
}

TEST(Outbox, AnyPartsOfItMayBeTakenWhileMoreIsAdded) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  Holdings holdings;
  Outbox outbox;
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    const std::string bytes(1 + random() % 20, static_cast<char>('a' + i % 26));
    switch (random() % 3) {
      case 0:
        outbox.add(bytes);
        expected += bytes;
        break;
      case 1: {
        const RenditionRef rendition = RenditionRef::make(holdings, bytes);
        outbox.add(HeldBytes{rendition, rendition->payload()});
        expected += bytes;
        break;
      }
      default: {
        const std::string first = content(outbox);
        const std::size_t taken = first.empty() ? 0 : random() % (first.size() + 1);
        ASSERT_TRUE(expected.starts_with(first));
        outbox.consume(taken);
        expected.erase(0, taken);
      }
    }
  }
  outbox.clear();
  EXPECT_EQ(holdings.bytes, 0U);
}

}  // namespace
}  // namespace fanfare
