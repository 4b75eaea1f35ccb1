#include "fanfare/history/event_id.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <set>

namespace fanfare {
namespace {

constexpr EventIdCodec::Key kKey = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::uint64_t kEpoch = 0x123456789abcdef;

TEST(EventId, EveryPositionComesBack) {
  const EventIdCodec codec(kKey, kEpoch);
  std::set<std::string> ids;
  for (int bit = 0; bit < 64; ++bit) {
    for (const Position position : {Position{1} << bit, (Position{1} << bit) - 1, ~(Position{1} << bit)}) {
      const std::string id = codec.encode(position);
      EXPECT_EQ(codec.decode(id), position) << id;
      ids.insert(id);
    }
  }
  EXPECT_GT(ids.size(), 180u);
}

TEST(EventId, AnIdIsAUuidOfVersion8) {
  const EventIdCodec codec(kKey, kEpoch);
  for (Position position = 0; position < 1'000; ++position) {
    const std::string id = codec.encode(position);
    ASSERT_EQ(id.size(), 45u);
    ASSERT_TRUE(id.starts_with("urn:uuid:"));
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-", 9), std::string::npos) << id;
    EXPECT_EQ(id[9 + 14], '8') << id;
    EXPECT_NE(std::string("89ab").find(id[9 + 19]), std::string::npos) << id;
    for (const std::size_t hyphen : {8u, 13u, 18u, 23u}) EXPECT_EQ(id[9 + hyphen], '-') << id;
  }
}

TEST(EventId, AnotherKeyOrEpochDecodesNothing) {
  const EventIdCodec codec(kKey, kEpoch);
  EventIdCodec::Key other_key = kKey;
  other_key[15] ^= 1;
  for (Position position = 1; position < 1'000; ++position) {
    const std::string id = codec.encode(position);
    EXPECT_EQ(EventIdCodec(other_key, kEpoch).decode(id), std::nullopt);
    EXPECT_EQ(EventIdCodec(kKey, kEpoch ^ 1).decode(id), std::nullopt);
  }
}

TEST(EventId, OnlyTheLow58BitsOfAnEpochCount) {
  const std::string id = EventIdCodec(kKey, kEpoch).encode(77);
  EXPECT_EQ(EventIdCodec(kKey, kEpoch | std::uint64_t{63} << 58).decode(id), 77u);
}

TEST(EventId, RandomCodecsAreStrangersToEachOther) {
  const EventIdCodec one = EventIdCodec::random();
  EXPECT_EQ(one.decode(one.encode(5)), 5u);
  EXPECT_EQ(EventIdCodec::random().decode(one.encode(5)), std::nullopt);
}

TEST(EventId, WhatAPublisherChoseIsNotDecoded) {
  const EventIdCodec codec(kKey, kEpoch);
  const std::string own = codec.encode(9);
  std::string upper = own;
  upper[9] = 'F';
  for (const std::string& id :
       {std::string(), std::string("1"), std::string("urn:uuid:"), own + "0", own.substr(0, own.size() - 1), upper,
        std::string("urn:uuid:00000000-0000-8000-8000-000000000000"),
        std::string("urn:uuid:00000000-0000-4000-8000-000000000000"), " " + own.substr(1), own.substr(9)}) {
    EXPECT_EQ(codec.decode(id), std::nullopt) << id;
  }
}

TEST(EventId, EveryChangedDigitMakesAnIdForeign) {
  const EventIdCodec codec(kKey, kEpoch);
  const std::string own = codec.encode(123'456);
  for (std::size_t i = 0; i < own.size(); ++i) {
    std::string changed = own;
    changed[i] = own[i] == '0' ? '1' : '0';
    EXPECT_EQ(codec.decode(changed), std::nullopt) << changed;
  }
}

// Neighbouring positions differ in half of the bits, so that neither order nor distance shows.
TEST(EventId, NeighboursLookUnrelated) {
  const EventIdCodec codec(kKey, kEpoch);
  std::uint64_t differing = 0;
  std::uint64_t rising = 0;
  constexpr std::uint64_t kPairs = 2'000;
  for (Position position = 1; position <= kPairs; ++position) {
    const std::string id = codec.encode(position);
    const std::string next = codec.encode(position + 1);
    rising += id < next ? 1 : 0;
    differing += static_cast<std::uint64_t>(
        std::popcount(std::stoull(id.substr(9, 8), nullptr, 16) ^ std::stoull(next.substr(9, 8), nullptr, 16)));
  }
  EXPECT_NEAR(static_cast<double>(rising), kPairs / 2.0, kPairs * 0.06);
  EXPECT_NEAR(static_cast<double>(differing) / kPairs, 16.0, 0.5);
}

}  // namespace
}  // namespace fanfare
