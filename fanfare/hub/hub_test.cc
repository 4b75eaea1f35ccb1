#include "fanfare/hub/hub.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

TEST(Hub, ASubscriberGetsWhatItsSelectorsMatchAndNothingElse) {
  HubWorld world;
  Listener books;
  Listener all;
  Listener by_template;
  world.subscribe(books, {"books"});
  world.subscribe(all, {"*"});
  world.subscribe(by_template, {"books/{id}"});
  world.publish("books", "1");
  world.publish("films", "2");
  world.publish("books/7", "3");
  EXPECT_EQ(books.take(), event("1"));
  EXPECT_EQ(all.take(), events({"1", "2", "3"}));
  EXPECT_EQ(by_template.take(), event("3"));
}

TEST(Hub, TwoAudiencesShareOneRendition) {
  HubWorld world;
  Listener one;
  Listener other;
  world.subscribe(one, {"t", "own/1"});
  world.subscribe(other, {"t", "own/2"});
  world.publish("t", "1");
  EXPECT_EQ(world.hub.audiences(), 2u);
  std::string_view a[1];
  std::string_view b[1];
  ASSERT_EQ(one.subscription->pull(a), 1u);
  ASSERT_EQ(other.subscription->pull(b), 1u);
  EXPECT_EQ(a[0].data(), b[0].data());
  world.append("t", "2");
  world.append("t", "3");
  world.turn();
  one.take(event("1").size());
  other.take(event("1").size());
  ASSERT_EQ(one.subscription->pull(a), 1u);
  ASSERT_EQ(other.subscription->pull(b), 1u);
  EXPECT_EQ(a[0], events({"2", "3"}));
  EXPECT_EQ(a[0].data(), b[0].data());
}

TEST(Hub, EqualSelectorsAndGrantsInAnyOrderAreOneAudience) {
  HubWorld world;
  Listener one;
  Listener other;
  Listener granted;
  world.subscribe(one, {"a", "b"});
  world.subscribe(other, {"b", "a", "b"});
  EXPECT_EQ(world.hub.audiences(), 1u);
  world.subscribe(granted, {.selectors = {"a", "b"}, .grants = {"a"}, .start = {}});
  EXPECT_EQ(world.hub.audiences(), 2u);
  granted.subscription.reset();
  EXPECT_EQ(world.hub.audiences(), 1u);
}

TEST(Hub, GrantsThatCannotMatterMakeNoAudienceOfTheirOwn) {
  HubWorld world;
  Listener one;
  Listener other;
  world.subscribe(one, {.selectors = {"a"}, .grants = {"users/{id}", "users/1"}, .start = {}});
  world.subscribe(
      other,
      {.selectors = {"a"}, .grants = {"users/{id}", "/.well-known/mercure/subscriptions/{topic}/me"}, .start = {}});
  EXPECT_EQ(world.hub.audiences(), 1u);
}

TEST(Hub, UpdatesOfTheHubsOwnReachThoseWhoSelectThemAndAreGrantedThem) {
  constexpr const char* kTopic = "/.well-known/mercure/subscriptions/books/urn%3Auuid%3A1";
  constexpr const char* kAllOfThem = "/.well-known/mercure/subscriptions/{topic}/{subscriber}";
  HubWorld world;
  const auto subscribe = [&world](Listener& listener, const char* selector, const char* grant) {
    world.subscribe(listener, {.selectors = {selector}, .grants = {grant}, .start = {}, .framing = Framing::kBare});
  };
  Listener all;
  Listener exact;
  Listener by_template;
  Listener other_topic;
  Listener not_granted;
  Listener not_selecting;
  subscribe(all, "*", "*");
  subscribe(exact, kTopic, kAllOfThem);
  subscribe(by_template, kAllOfThem, kTopic);
  subscribe(other_topic, "/.well-known/mercure/subscriptions/films/{subscriber}", "*");
  subscribe(not_granted, "*", "books");
  subscribe(not_selecting, "books", "*");
  world.append(kTopic, "1", /*is_private=*/true);
  world.turn();
  for (Listener* each : {&all, &exact, &by_template}) EXPECT_EQ(each->take(), event("1"));
  for (Listener* each : {&other_topic, &not_granted, &not_selecting}) EXPECT_EQ(each->take(), "");
}

TEST(Hub, UpdatesOfOneTurnLeaveAsOneUnitWithOneNotice) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"t"});
  for (const char* data : {"1", "2", "3"}) world.append("t", data);
  world.turn();
  EXPECT_EQ(listener.news, 1);
  std::string_view slices[8];
  ASSERT_EQ(listener.subscription->pull(slices), 1u);
  EXPECT_EQ(slices[0], events({"1", "2", "3"}));
}

TEST(Hub, AUnitHoldsMoreThanItsBoundOnlyForOneLargerUpdate) {
  Limits limits;
  limits.unit_bytes_max = event("1").size() * 2;
  HubWorld world(limits);
  Listener listener;
  world.subscribe(listener, {"t"});
  const std::string large(1'000, 'x');
  for (const std::string& data : {std::string("1"), std::string("2"), std::string("3"), large, std::string("4")})
    world.append("t", data);
  world.turn();
  std::string_view slices[8];
  ASSERT_EQ(listener.subscription->pull(slices), 4u);
  EXPECT_EQ(slices[0], events({"1", "2"}));
  EXPECT_EQ(slices[1], event("3"));
  EXPECT_EQ(slices[2], event(large));
  EXPECT_EQ(slices[3], event("4"));
}

TEST(Hub, AnUpdateWithAlternateTopicsIsDeliveredOnce) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"a", "b", "{any}"});
  world.append(std::vector<std::string>{"a", "b", "c"}, "1");
  world.append(std::vector<std::string>{"x/y", "b"}, "2");
  world.turn();
  EXPECT_EQ(listener.take(), events({"1", "2"}));
  EXPECT_EQ(world.counters.deliveries_total.value(), 2u);
}

TEST(Hub, PrivateUpdatesGoWhereAGrantMatchesToo) {
  HubWorld world;
  Listener none;
  Listener by_topic;
  Listener by_alternate;
  world.subscribe(none, {"*"});
  world.subscribe(by_topic, {.selectors = {"*"}, .grants = {"a"}, .start = {}, .framing = Framing::kBare});
  world.subscribe(by_alternate, {.selectors = {"a"}, .grants = {"users/{id}"}, .start = {}, .framing = Framing::kBare});
  world.append("a", "1", true);
  world.append(std::vector<std::string>{"a", "users/7"}, "2", true);
  world.append("b", "3", true);
  world.append("a", "4");
  world.turn();
  EXPECT_EQ(none.take(), event("4"));
  EXPECT_EQ(by_topic.take(), events({"1", "2", "4"}));
  EXPECT_EQ(by_alternate.take(), events({"2", "4"}));
}

TEST(Hub, ChunksStandAroundUnitsWhereTheFramingAsksForThem) {
  HubWorld world;
  Listener bare;
  Listener chunked;
  world.subscribe(bare, {"t"});
  world.subscribe(chunked, {.selectors = {"t"}, .grants = {}, .start = {}, .framing = Framing::kChunked});
  EXPECT_EQ(world.hub.audiences(), 1u);
  world.publish("t", "1");
  EXPECT_EQ(bare.take(), "id: 1\ndata: 1\n\n");
  EXPECT_EQ(chunked.take(), "f\r\nid: 1\ndata: 1\n\n\r\n");
}

TEST(Hub, BytesTakenInPiecesOfEverySizeAreTheSameBytes) {
  const std::string whole = events({"1", "2", "3", "4"});
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    for (const std::size_t slices : {1u, 2u, 8u}) {
      HubWorld world;
      Listener listener;
      world.subscribe(listener, {"t"});
      for (const char* data : {"1", "2", "3", "4"}) world.publish("t", data);
      std::string all;
      for (std::string part = "x"; !part.empty(); all.append(part)) part = listener.take(piece, slices);
      ASSERT_EQ(all, whole) << piece;
      EXPECT_EQ(world.counters.deliveries_total.value(), 4u);
    }
  }
}

TEST(Hub, ASubscriberThatHasEverythingCostsNoBuffer) {
  HubWorld world;
  const std::size_t idle = world.hub.held_bytes();
  Listener fast;
  Listener slow;
  world.subscribe(fast, {"t"});
  world.subscribe(slow, {"t"});
  world.publish("t", "1");
  fast.take();
  EXPECT_GT(world.hub.held_bytes(), idle);
  slow.take();
  EXPECT_EQ(world.hub.held_bytes(), idle);
}

TEST(Hub, AWaitingSubscriberIsToldOnceAndOneThatIsBehindIsNot) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"t"});
  world.publish("t", "1");
  world.publish("t", "2");
  EXPECT_EQ(listener.news, 1);
  listener.take();
  world.publish("u", "3");
  EXPECT_EQ(listener.news, 1);
  world.publish("t", "4");
  EXPECT_EQ(listener.news, 2);
}

TEST(Hub, HeartbeatsAreForAudiencesThatWereSilent) {
  Limits limits;
  limits.heartbeat_ms = 1'000;
  HubWorld world(limits);
  Listener idle;
  Listener busy;
  world.subscribe(idle, {"idle"});
  world.subscribe(busy, {"busy"});
  world.hub.tick(500);
  world.publish("busy", "1");
  busy.take();
  world.hub.tick(999);
  EXPECT_EQ(idle.take(), "");
  world.hub.tick(1'000);
  EXPECT_EQ(idle.take(), ":\n");
  EXPECT_EQ(busy.take(), "");
  world.hub.tick(1'500);
  EXPECT_EQ(idle.take(), "");
  EXPECT_EQ(busy.take(), ":\n");
  EXPECT_EQ(world.counters.deliveries_total.value(), 1u);
}

TEST(Hub, AFinishedStreamCompletesWhatItHasBegunThenSaysItsLastWords) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"t"});
  world.publish("t", "1");
  world.publish("t", "2");
  std::string all = listener.take(5);
  listener.subscription->finish("retry: 9\n\n");
  world.publish("t", "3");
  EXPECT_FALSE(listener.end);
  all += listener.take();
  EXPECT_EQ(all, event("1") + "retry: 9\n\n");
  EXPECT_EQ(listener.end, StreamEnd::kFinished);
  EXPECT_EQ(listener.take(), "");
}

TEST(Hub, AFinishedStreamWithNothingBegunEndsAtOnceOrAfterItsLastWords) {
  HubWorld world;
  Listener silent;
  Listener speaking;
  world.subscribe(silent, {"t"});
  world.subscribe(speaking, {"t"});
  world.publish("t", "1");
  silent.subscription->finish("");
  EXPECT_EQ(silent.end, StreamEnd::kFinished);
  speaking.subscription->finish("retry: 9\n\n");
  EXPECT_EQ(speaking.take(), "retry: 9\n\n");
  EXPECT_EQ(speaking.end, StreamEnd::kFinished);
}

TEST(Hub, SelectorsBeyondTheirBoundAreRefusedAndLeaveNothingBehind) {
  Limits limits;
  limits.compiled_selectors_bytes_max = 1;
  HubWorld world(limits);
  Listener listener;
  const auto refused = world.hub.subscribe({.selectors = {"t/{id}"}, .grants = {}, .start = {}}, listener);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, SelectorFailure::kOverBudget);
  EXPECT_EQ(world.hub.audiences(), 0u);
  EXPECT_EQ(world.counters.subscribers.value(), 0u);
}

TEST(Hub, ASubscriberMayLeaveInMidUnit) {
  HubWorld world;
  const std::size_t idle = world.hub.held_bytes();
  Listener listener;
  world.subscribe(listener, {"t"}, after(kBeforeAll));
  world.publish("t", "1");
  world.publish("t", "2");
  world.take_through(listener);
  world.publish("t", "3");
  listener.take(3);
  listener.subscription.reset();
  EXPECT_EQ(world.hub.held_bytes(), idle);
  EXPECT_EQ(world.hub.audiences(), 0u);
}

TEST(Hub, WhatIsKeptStaysAndItsSubscriberHasIt) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"t"});
  world.publish("t", "1");
  world.publish("t", "2");
  std::vector<HeldBytes> kept;
  const std::string first = event("1");
  const auto taken = listener.subscription->take(first.size() + 3, kept);
  EXPECT_EQ(taken.bytes, first.size() + 3);
  EXPECT_TRUE(taken.may_have_more);
  EXPECT_FALSE(listener.subscription->take(1'000, kept).may_have_more);
  world.publish("t", "3");
  listener.subscription.reset();
  std::string all;
  for (const HeldBytes& each : kept) all += each.bytes;
  EXPECT_EQ(all, events({"1", "2"}));
  EXPECT_GT(world.hub.held_bytes(), 0u);
  kept.clear();
  EXPECT_EQ(world.hub.held_bytes(), 0u);
}

TEST(Hub, TakingNothingLosesNoNews) {
  HubWorld world;
  Listener listener;
  world.subscribe(listener, {"t"});
  world.publish("t", "1");
  std::vector<HeldBytes> kept;
  EXPECT_TRUE(listener.subscription->take(0, kept).may_have_more);
  EXPECT_EQ(listener.subscription->take(1'000, kept).bytes, event("1").size());
}

}  // namespace
}  // namespace fanfare
