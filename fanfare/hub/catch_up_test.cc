#include "fanfare/hub/catch_up.h"

#include <gtest/gtest.h>

#include "testing/hub_world.h"

namespace fanfare {
namespace {

using simulation::event;
using simulation::events;
using simulation::HubWorld;
using simulation::Listener;

Start after(Position position) {
  return {.from = Start::From::kAfter, .after = position};
}

TEST(CatchUp, ResumesAfterAPositionWithoutGapOrRepeatWhileUpdatesGoOn) {
  HubWorld world;
  const Position one = world.publish("t", "1");
  world.publish("u", "x");
  world.publish("t", "2");
  Listener listener;
  world.subscribe(listener, {"t"}, after(one));
  EXPECT_FALSE(listener.subscription->is_live());
  EXPECT_EQ(listener.take(), "");
  ASSERT_EQ(world.reads.waiting(), 1u);
  world.publish("t", "3");  // between the read's end and the attaching
  EXPECT_EQ(world.take_through(listener), events({"2", "3"}));
  EXPECT_TRUE(listener.subscription->is_live());
  world.publish("t", "4");
  EXPECT_EQ(listener.take(), event("4"));
}

TEST(CatchUp, FromBeforeAllGivesWhatTheLogHoldsAndIsNoGap) {
  Limits limits;
  limits.memory_log_updates_max = 2;
  HubWorld world(limits);
  for (const char* data : {"1", "2", "3"}) world.publish("t", data);
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  EXPECT_EQ(world.take_through(listener), events({"2", "3"}));
  EXPECT_FALSE(listener.end);
}

TEST(CatchUp, WhoHasSeenTheLastUpdateIsLiveWithoutARead) {
  HubWorld world;
  const Position one = world.publish("t", "1");
  Listener listener;
  world.subscribe(listener, {"t"}, after(one));
  EXPECT_TRUE(listener.subscription->is_live());
  EXPECT_EQ(world.counters.catch_ups_total.value(), 0u);
}

TEST(CatchUp, AGapEndsTheStreamCleanly) {
  Limits limits;
  limits.memory_log_updates_max = 2;
  HubWorld world(limits);
  const Position one = world.publish("t", "1");
  for (const char* data : {"2", "3", "4"}) world.publish("t", data);
  Listener listener;
  world.subscribe(listener, {"t"}, after(one));
  EXPECT_EQ(world.take_through(listener), "");
  EXPECT_EQ(listener.end, StreamEnd::kGap);
}

// A log that began empty is no excuse: who was there from the beginning has a gap as well.
TEST(CatchUp, AGapIsSaidToWhoSubscribedBeforeTheFirstUpdate) {
  Limits limits;
  limits.memory_log_updates_max = 2;
  limits.audience_units_bytes_max = 0;
  HubWorld world(limits);
  Listener stalled;
  world.subscribe(stalled, {"t"});
  for (const char* data : {"1", "2", "3", "4"}) world.publish("t", data);
  EXPECT_EQ(world.take_through(stalled), "");
  EXPECT_EQ(stalled.end, StreamEnd::kGap);
}

TEST(CatchUp, AFailingLogEndsTheStream) {
  HubWorld world;
  world.publish("t", "1");
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  listener.take();
  world.reads.fail(0, "the disk is gone");
  EXPECT_EQ(listener.end, StreamEnd::kLogFailed);
}

TEST(CatchUp, WhoFallsBehindReadsTheLogAndComesBack) {
  Limits limits;
  limits.audience_units_bytes_max = 300;
  HubWorld world(limits);
  Listener fast;
  Listener stalled;
  world.subscribe(fast, {"t"});
  world.subscribe(stalled, {"t"});
  std::string all;
  std::string begun;
  for (int i = 0; i < 20; ++i) {
    const std::string data = std::to_string(i) + std::string(40, '.');
    world.publish("t", data);
    all.append(event(data));
    EXPECT_EQ(fast.take(), event(data));
    EXPECT_TRUE(fast.subscription->is_live());
    if (i == 0) begun = stalled.take(10);
  }
  EXPECT_FALSE(stalled.subscription->is_live());
  EXPECT_EQ(world.counters.evictions_total.value(), 1u);
  EXPECT_LT(world.hub.held_bytes(), 300u);
  EXPECT_EQ(begun + world.take_through(stalled), all);
  EXPECT_TRUE(stalled.subscription->is_live());
  EXPECT_EQ(world.counters.deliveries_total.value(), 40u);
}

TEST(CatchUp, AJoinerWhosePinIsLostTakesANewOne) {
  Limits limits;
  limits.audience_units_bytes_max = 0;
  HubWorld world(limits);
  const Position one = world.publish("t", "1");
  world.publish("t", "2");
  Listener joiner;
  world.subscribe(joiner, {"t"}, after(one));
  joiner.take();
  for (const char* data : {"3", "4", "5"}) world.publish("t", data);
  EXPECT_EQ(world.take_through(joiner), events({"2", "3", "4", "5"}));
  EXPECT_TRUE(joiner.subscription->is_live());
}

TEST(CatchUp, WhoHasSeenMoreThanTheShardWaitsForIt) {
  HubWorld world;
  Listener listener;
  world.append("t", "1");
  world.append("t", "2");
  const Position three = world.append("t", "3");
  world.append("t", "4");
  world.turn(1);
  world.subscribe(listener, {"t"}, after(three));
  EXPECT_EQ(world.take_through(listener), "");
  world.turn(1);
  EXPECT_EQ(listener.news, 0);
  EXPECT_EQ(world.take_through(listener), "");
  world.turn();
  EXPECT_EQ(listener.news, 1);
  EXPECT_EQ(world.take_through(listener), event("4"));
  EXPECT_TRUE(listener.subscription->is_live());
}

TEST(CatchUp, WhoWaitsForTheShardMayLeave) {
  HubWorld world;
  Listener listener;
  const Position one = world.append("t", "1");
  world.subscribe(listener, {"t"}, after(one));
  listener.take();
  listener.subscription.reset();
  world.turn();
  EXPECT_EQ(listener.news, 0);
}

TEST(CatchUp, WhoLeavesWhileTheLogIsReadIsForgotten) {
  HubWorld world;
  world.publish("t", "1");
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  listener.take();
  listener.subscription.reset();
  world.reads.complete_all();
  EXPECT_EQ(listener.news, 0);
}

TEST(CatchUp, ReadsAreBoundedAndFollowTheOutletsPace) {
  Limits limits;
  limits.catch_up_read_bytes_max = 4;
  HubWorld world(limits);
  for (const char* data : {"1", "2", "3", "4", "5"}) world.publish("t", data);
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  listener.take();
  world.reads.complete_all();
  EXPECT_EQ(listener.take(3), "id:");
  EXPECT_EQ(world.reads.waiting(), 0u) << "no second read before the first one's bytes are sent";
  EXPECT_EQ(listener.take(), events({"1", "2"}).substr(3));
  EXPECT_EQ(world.reads.waiting(), 1u);
  EXPECT_EQ(world.take_through(listener), events({"3", "4", "5"}));
}

TEST(CatchUp, ALongSearchThatFindsNothingSendsHeartbeats) {
  Limits limits;
  limits.catch_up_scan_updates_max = 1;
  limits.heartbeat_ms = 1'000;
  HubWorld world(limits);
  for (const char* data : {"1", "2", "3"}) world.publish("u", data);
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  listener.take();
  world.reads.complete_all();
  EXPECT_EQ(listener.take(), "");
  world.hub.tick(1'000);
  world.reads.complete_all();
  EXPECT_EQ(listener.take(), ":\n");
}

class BudgetTest : public testing::Test {
 protected:
  // Takes one byte of a large update, if that fits into the budget.
  void stall(Listener& listener, const std::string& topic) {
    world_.subscribe(listener, {topic});
    world_.publish(topic, std::string(4'000, 'x'));
    listener.take(1);
  }
  HubWorld world_{Limits{}, 10'000};
};

TEST_F(BudgetTest, QueuesGiveWayBeforeConnections) {
  Listener behind;
  Listener stalled;
  world_.subscribe(behind, {"t"});
  stall(stalled, "s");
  world_.publish("t", std::string(5'000, 'y'));
  EXPECT_TRUE(behind.subscription->is_live());
  world_.publish("t", "2");
  world_.publish("t", std::string(3'000, 'z'));
  EXPECT_FALSE(behind.subscription->is_live());
  EXPECT_FALSE(stalled.was_reset);
  EXPECT_LE(world_.hub.held_bytes(), 10'000u);
}

TEST_F(BudgetTest, ThoseWhoStallLongestAreResetFirst) {
  Listener first;
  Listener second;
  Listener third;
  stall(first, "1");
  stall(second, "2");
  first.take(1);  // progress: now the second stalls longest
  stall(third, "3");
  world_.reads.complete_all();  // its queue gave way: it reads the log
  EXPECT_FALSE(first.was_reset);
  EXPECT_TRUE(second.was_reset);
  EXPECT_FALSE(third.was_reset);
  EXPECT_TRUE(second.take().empty());
  EXPECT_LE(world_.hub.held_bytes(), 10'000u);
  EXPECT_EQ(world_.counters.resets_total.value(), 1u);
}

// A read that nobody has taken a byte of is given up without harm, and not read again before its outlet can take it.
TEST_F(BudgetTest, AnUntouchedReadIsGivenBack) {
  for (const char* data : {"1", "2", "3"}) world_.publish("t", data + std::string(3'000, 'x'));
  Listener joiner;
  world_.subscribe(joiner, {"t"}, after(kBeforeAll));
  joiner.take();
  world_.reads.complete_all();
  EXPECT_GT(world_.hub.held_bytes(), 9'000u);
  Listener stalled;
  stall(stalled, "s");
  world_.reads.complete_all();
  stalled.take(1);
  EXPECT_LT(world_.hub.held_bytes(), 9'000u);
  EXPECT_FALSE(joiner.was_reset);
  EXPECT_EQ(world_.reads.waiting(), 0u);
  std::string all;
  for (const char* data : {"1", "2", "3"}) all.append(event(data + std::string(3'000, 'x')));
  stalled.subscription.reset();
  EXPECT_TRUE(world_.take_through(joiner) == all);
}

TEST_F(BudgetTest, AReadThatCanNeverFitEndsInAResetNotInReadingForEver) {
  world_.publish("t", std::string(20'000, 'x'));
  Listener joiner;
  world_.subscribe(joiner, {"t"}, after(kBeforeAll));
  EXPECT_EQ(world_.take_through(joiner), "");
  EXPECT_TRUE(joiner.was_reset);
}

}  // namespace
}  // namespace fanfare
