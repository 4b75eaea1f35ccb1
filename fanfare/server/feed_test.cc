#include "fanfare/server/feed.h"

#include <gtest/gtest.h>

#include <thread>

namespace fanfare {
namespace {

LoggedUpdatePtr update(Position position, std::size_t bytes = 0) {
  Update made;
  made.topics = {"a"};
  made.data.assign(bytes, 'x');
  return std::make_shared<LoggedUpdate>(position, std::move(made));
}

class FeedTest : public testing::Test {
 protected:
  void commit(std::initializer_list<LoggedUpdatePtr> batch) { feed_.on_committed({batch.begin(), batch.size()}); }
  // What one turn of so many bytes takes, as positions.
  std::vector<Position> take(std::size_t bytes_max) {
    std::vector<LoggedUpdatePtr> batch;
    more_ = feed_.take(batch, bytes_max);
    std::vector<Position> positions;
    for (const auto& each : batch) positions.push_back(each->position);
    return positions;
  }

  int wakes_ = 0;
  bool more_ = false;
  std::atomic<int> overfull_{0};
  Feed feed_{10'000, overfull_, [this] { ++wakes_; }};
};

using Positions = std::vector<Position>;

TEST_F(FeedTest, WakesWhenItWasEmptyAndOnlyThen) {
  commit({});
  EXPECT_EQ(wakes_, 0);
  commit({update(1), update(2)});
  commit({update(3)});
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(take(1'000'000), (Positions{1, 2, 3}));
  EXPECT_FALSE(more_);
  commit({update(4)});
  EXPECT_EQ(wakes_, 2);
}

TEST_F(FeedTest, GivesATurnsWorthAndSaysThatMoreRemains) {
  commit({update(1, 1'000), update(2, 1'000), update(3, 1'000)});
  EXPECT_EQ(take(1), Positions{1});
  EXPECT_TRUE(more_);
  commit({update(4)});
  EXPECT_EQ(wakes_, 1);  // the taker comes by itself
  EXPECT_EQ(take(1'500), (Positions{2, 3}));
  EXPECT_TRUE(more_);
  EXPECT_EQ(take(1'500), Positions{4});
  EXPECT_FALSE(more_);
  EXPECT_EQ(take(1'500), Positions{});
  EXPECT_FALSE(more_);
}

TEST_F(FeedTest, IsOverfullOnceHoweverMuchComesUntilItIsTaken) {
  commit({update(1, 9'000)});
  EXPECT_EQ(overfull_, 0);
  commit({update(2, 9'000)});
  commit({update(3, 9'000)});
  EXPECT_EQ(overfull_, 1);
  take(1);
  EXPECT_EQ(overfull_, 1);
  take(1);
  EXPECT_EQ(overfull_, 0);
  take(1);
  EXPECT_EQ(overfull_, 0);
}

TEST(FeedThreads, TheTakerGetsAllInOrderFromAnotherThread) {
  constexpr Position kLast = 20'000;
  std::atomic<int> overfull{0};
  std::atomic<int> wakes{0};
  Feed feed(1'000, overfull, [&] {
    ++wakes;
    wakes.notify_one();
  });
  std::thread log([&] {
    for (Position position = 1; position <= kLast; ++position) {
      const LoggedUpdatePtr one = update(position);
      feed.on_committed({&one, 1});
    }
  });
  Position last = 0;
  for (int seen = 0; last < kLast;) {
    wakes.wait(seen);  // returns at once if there were some meanwhile
    seen = wakes;
    std::vector<LoggedUpdatePtr> batch;
    while (feed.take(batch, 500)) {
    }
    for (const auto& each : batch) ASSERT_EQ(each->position, ++last);
  }
  log.join();
  EXPECT_EQ(overfull, 0);
}

}  // namespace
}  // namespace fanfare
