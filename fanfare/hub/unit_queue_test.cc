#include "fanfare/hub/unit_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fanfare {
namespace {

class UnitQueueTest : public testing::Test {
 protected:
  void push(std::string_view text = "text", Position through = 1) {
    queue_.push({.rendition = RenditionRef::make(holdings_, text), .through = through, .updates = 1});
  }
  Holdings holdings_;
  UnitQueue queue_{holdings_};
};

TEST_F(UnitQueueTest, AUnitThatNobodyStandsAtIsDroppedAtOnce) {
  push();
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.first_seq(), 1u);
  EXPECT_EQ(holdings_.bytes, 0u);
}

TEST_F(UnitQueueTest, AUnitStaysUntilTheLastCursorHasMovedOn) {
  queue_.enter();
  queue_.enter();
  push();
  EXPECT_EQ(queue_.cursors_at_end(), 0u);
  queue_.move(0, 1);
  EXPECT_FALSE(queue_.empty());
  queue_.move(0, 1);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.cursors_at_end(), 2u);
  EXPECT_EQ(holdings_.bytes, 0u);
  EXPECT_EQ(queue_.bytes(), 0u);
}

TEST_F(UnitQueueTest, OneWhoStandsAtTheFrontKeepsAllThatFollows) {
  queue_.enter();
  push("a");
  queue_.enter();
  push("b");
  push("c");
  queue_.move(1, 3);
  EXPECT_EQ(queue_.first_seq(), 0u);
  EXPECT_EQ(queue_.end_seq(), 3u);
  EXPECT_EQ(queue_.at(1).rendition->payload(), "b");
  queue_.leave(0);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.cursors_at_end(), 1u);
}

TEST_F(UnitQueueTest, TheNewestUnitsWithinABoundAreKept) {
  queue_.enter();
  for (int i = 0; i < 4; ++i) push(std::string(1'000, 'x'));
  const std::size_t each = queue_.bytes() / 4;
  EXPECT_EQ(queue_.seq_to_keep(queue_.bytes()), 0u);
  EXPECT_EQ(queue_.seq_to_keep(queue_.bytes() - 1), 1u);
  EXPECT_EQ(queue_.seq_to_keep(2 * each), 2u);
  EXPECT_EQ(queue_.seq_to_keep(0), 4u);
  queue_.leave(0);
}

TEST_F(UnitQueueTest, ItsBytesAreThoseOfItsUnitsWithWhatTheQueueTakes) {
  queue_.enter();
  push("x");
  const RenditionRef same = RenditionRef::make(holdings_, "x");
  EXPECT_EQ(queue_.bytes(), same->memory_bytes() + sizeof(Unit));
  EXPECT_EQ(holdings_.bytes, 2 * same->memory_bytes() + sizeof(Unit));
  queue_.leave(0);
}

// Against a model that keeps every unit and every cursor in a list.
TEST_F(UnitQueueTest, ARandomWalkOfCursorsKeepsExactlyWhatIsNeeded) {
  std::mt19937 random(7);
  std::vector<UnitQueue::Seq> cursors;
  UnitQueue::Seq end = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto i = cursors.empty() ? 0 : random() % cursors.size();
    switch (random() % (step % 1'000 < 500 ? 4 : 6)) {
      case 0:
      case 1:
        push(std::to_string(end), end + 1);
        ++end;
        break;
      case 2:
        queue_.enter();
        cursors.push_back(end);
        break;
      case 3:
        if (cursors.size() < 5) break;
        queue_.leave(cursors[i]);
        cursors.erase(cursors.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      default:
        if (cursors.empty() || cursors[i] == end) break;
        const auto to = cursors[i] + 1 + random() % (end - cursors[i]);
        queue_.move(cursors[i], to);
        cursors[i] = to;
    }
    UnitQueue::Seq first = end;
    for (const auto each : cursors) first = std::min(first, each);
    ASSERT_EQ(queue_.first_seq(), first);
    ASSERT_EQ(queue_.end_seq(), end);
    for (auto seq = first; seq < end; seq += 1 + random() % 8) {
      ASSERT_EQ(queue_.at(seq).rendition->payload(), std::to_string(seq));
    }
  }
  for (const auto each : cursors) queue_.leave(each);
  EXPECT_EQ(holdings_.bytes, 0u);
}

}  // namespace
}  // namespace fanfare
