// Audiences of a content coding: who shares which bytes, what refers to what, and how streams begin and end. That all
// of it decodes, under any schedule, is the simulation's (simulation_test.cc).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "testing/coding/decoder.h"
#include "testing/hub_world.h"

namespace fanfare {
namespace {

using coding_testing::Decoder;
using simulation::event;
using simulation::HubWorld;
using simulation::Listener;

constexpr std::string_view kText = R"({"price":101.25,"symbol":"ACME","at":"2026-11-22T10:00:00Z","volume":1200})";

std::size_t pieces(const HubWorld& world, CodedForm form) {
  return world.counters.compressed_total[static_cast<std::size_t>(form)].value();
}

// A listener whose stream is decoded as it comes.
struct CodedListener : Listener {
  void join(HubWorld& world, Coding coding, const std::string& topic = "t", Start start = {},
            std::vector<std::string> grants = {}) {
    decoder = coding_testing::make_decoder(coding);
    world.subscribe(*this, {.selectors = {topic},
                            .grants = std::move(grants),
                            .start = start,
                            .framing = Framing::kBare,
                            .coding = coding});
    decode(world.hub.opening(coding)->payload());
    EXPECT_EQ(plain, ":\n");
    plain.clear();
  }
  void decode(std::string_view bytes) {
    const bool is_sound = decoder->feed(bytes, plain);
    EXPECT_TRUE(is_sound);
  }
  // The plain bytes of what can be taken now.
  std::string read() {
    const std::string bytes = take();
    last_bytes = bytes.size();
    decode(bytes);
    return std::exchange(plain, {});
  }

  std::unique_ptr<Decoder> decoder;
  std::string plain;
  std::size_t last_bytes = 0;  // of the coded bytes that read() took
};

class CodedAudience : public testing::TestWithParam<Coding> {
 protected:
  static bool has_primed_form() { return GetParam() == Coding::kGzip || GetParam() == Coding::kDeflate; }
  static Limits limits() {
    Limits limits;
    limits.coding_group_subscribers_min = 4;
    limits.coding_reset_ms_min = 1'000;
    limits.coding_group_idle_ms = 10'000;
    return limits;
  }
  std::string next_text() { return std::to_string(1'000'000 + ++count_) + std::string(kText); }

  int count_ = 0;
};

TEST_P(CodedAudience, AGroupGetsPiecesThatReferBackAndAreCompressedOnceForAll) {
  HubWorld world(limits());
  std::vector<CodedListener> all(50);
  for (auto& each : all) each.join(world, GetParam());
  std::size_t first = 0;
  for (int i = 0; i < 5; ++i) {
    const std::string text = next_text();
    world.publish("t", text);
    for (auto& each : all) ASSERT_EQ(each.read(), event(text));
    if (i == 0) first = all[0].last_bytes;
  }
  EXPECT_EQ(world.hub.audiences(), 1u);
  EXPECT_EQ(pieces(world, CodedForm::kGroup), 5u);
  EXPECT_LT(all[0].last_bytes * 2, first);
  EXPECT_GT(world.hub.compressor_bytes(), 0u);
  EXPECT_EQ(world.hub.held_bytes(), 0u);
  for (auto& each : all) each.subscription.reset();
  EXPECT_EQ(world.hub.compressor_bytes(), 0u);
}

TEST_P(CodedAudience, AJoinerGetsUpdatesCompressedAloneUntilTheGroupBeginsAfresh) {
  HubWorld world(limits());
  world.hub.tick(10'000);
  std::vector<CodedListener> all(4);
  for (auto& each : all) each.join(world, GetParam());
  const auto publish_to = [&](std::vector<CodedListener*> listeners) {
    const std::string text = next_text();
    world.publish("t", text);
    for (auto* each : listeners) EXPECT_EQ(each->read(), event(text));
  };
  const std::vector<CodedListener*> old = {&all[0], &all[1], &all[2], &all[3]};
  publish_to(old);
  publish_to(old);
  const std::size_t alone = pieces(world, CodedForm::kStandalone);
  CodedListener joiner;
  CodedListener other;
  joiner.join(world, GetParam());
  std::vector<CodedListener*> everybody = old;
  everybody.push_back(&joiner);
  publish_to(everybody);  // the group begins afresh after it
  EXPECT_EQ(pieces(world, CodedForm::kStandalone), alone + 1);
  publish_to(everybody);
  publish_to(everybody);
  EXPECT_EQ(pieces(world, CodedForm::kStandalone), alone + 1) << "the joiner is in the group";

  other.join(world, GetParam());
  everybody.push_back(&other);
  for (int i = 0; i < 3; ++i) publish_to(everybody);
  EXPECT_EQ(pieces(world, CodedForm::kStandalone), alone + 4) << "not so soon again";
  world.hub.tick(12'000);
  publish_to(everybody);
  publish_to(everybody);
  EXPECT_EQ(pieces(world, CodedForm::kStandalone), alone + 5);
  EXPECT_EQ(pieces(world, CodedForm::kGroup), static_cast<std::size_t>(count_)) << "each update once for the group";
}

TEST_P(CodedAudience, SmallAudiencesShareWhatStandsAloneAndArePrimedWhereTheCodingCanBe) {
  HubWorld world(limits());
  std::array<CodedListener, 3> each_its_own;
  for (std::size_t i = 0; i < 3; ++i)
    each_its_own[i].join(world, GetParam(), i == 0 ? "t" : "{x" + std::to_string(i) + "}");
  std::size_t first = 0;
  for (int i = 0; i < 4; ++i) {
    const std::string text = next_text();
    world.publish("t", text);
    for (auto& listener : each_its_own) ASSERT_EQ(listener.read(), event(text));
    if (i == 0) first = each_its_own[0].last_bytes;
  }
  EXPECT_EQ(world.hub.audiences(), 3u);
  EXPECT_EQ(world.hub.compressor_bytes(), 0u);
  EXPECT_EQ(pieces(world, CodedForm::kGroup), 0u);
  if (has_primed_form()) {
    EXPECT_EQ(pieces(world, CodedForm::kPrimed), 3u) << "once a turn for all of them";
    EXPECT_LT(each_its_own[0].last_bytes * 2, first);
  } else {
    EXPECT_EQ(pieces(world, CodedForm::kStandalone), 4u + 1);  // and the opening
  }
}

// What a length tells of a private update must not depend on what others wrote (BREACH): it is as long in an audience
// that has just seen its text as in one that has not; in a replay, too.
TEST_P(CodedAudience, APrivateUpdateSharesItsContextWithNothing) {
  const std::string secret = "12345678{\"secret\":\"" + std::string(kText) + "\"}";
  const std::string other = "12345678" + std::string(secret.size() - 8, 'x');
  for (const std::size_t subscribers : {std::size_t{1}, std::size_t{6}}) {
    std::vector<std::size_t> live_bytes;
    std::vector<std::size_t> replayed_bytes;
    for (const std::string& before : {secret, other}) {
      HubWorld world(limits());
      std::vector<CodedListener> all(subscribers);
      for (auto& each : all) each.join(world, GetParam(), "t", {}, {"t"});
      const auto replay_bytes = [&](const std::string& expected) {
        CodedListener resumed;
        resumed.join(world, GetParam(), "t", {.from = Start::From::kAfter, .after = kBeforeAll}, {"t"});
        const std::string bytes = world.take_through(resumed);
        resumed.decode(bytes);
        EXPECT_EQ(resumed.plain, expected);
        return bytes.size();
      };
      world.publish("t", before);
      for (auto& each : all) ASSERT_EQ(each.read(), event(before));
      const std::size_t public_bytes = replay_bytes(event(before));

      world.append("t", secret, true);
      world.append("t", secret, true);  // nor with the other one of its turn
      world.turn();
      for (auto& each : all) EXPECT_EQ(each.read(), event(secret) + event(secret));
      live_bytes.push_back(all[0].last_bytes);
      replayed_bytes.push_back(replay_bytes(event(before) + event(secret) + event(secret)) - public_bytes);
      world.publish("t", "public");
      for (auto& each : all) EXPECT_EQ(each.read(), event("public"));
    }
    EXPECT_EQ(live_bytes[0], live_bytes[1]) << subscribers;
    EXPECT_EQ(replayed_bytes[0], replayed_bytes[1]) << subscribers;
    EXPECT_GT(replayed_bytes[0], 2 * 70u) << "the second does not refer to the first";
  }
}

TEST_P(CodedAudience, AStreamThatEndsIsCompleteWithItsChecksums) {
  HubWorld world(limits());
  std::vector<CodedListener> all(5);
  CodedListener late;
  for (auto& each : all) each.join(world, GetParam());
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    const std::string text = next_text();
    world.publish("t", text);
    expected += event(text);
    if (i == 1) late.join(world, GetParam());
  }
  for (auto& each : all) EXPECT_EQ(each.read(), expected);
  EXPECT_NE(late.read(), "");
  all[0].subscription->finish("retry: 5\n\n");
  EXPECT_EQ(all[0].read(), "retry: 5\n\n");
  EXPECT_TRUE(all[0].decoder->ended());
  EXPECT_EQ(all[0].end, StreamEnd::kFinished);
  late.subscription->finish({});
  EXPECT_EQ(late.read(), "");
  EXPECT_TRUE(late.decoder->ended());
  EXPECT_EQ(late.end, StreamEnd::kFinished);
  EXPECT_FALSE(all[1].decoder->ended());
}

TEST_P(CodedAudience, AGroupThatFallsSilentGivesItsMemoryBack) {
  HubWorld world(limits());
  std::vector<CodedListener> all(4);
  for (auto& each : all) each.join(world, GetParam());
  const std::string text = next_text();
  world.publish("t", text);
  for (auto& each : all) EXPECT_EQ(each.read(), event(text));
  EXPECT_GT(world.hub.compressor_bytes(), 0u);
  world.hub.tick(10'001);
  EXPECT_EQ(world.hub.compressor_bytes(), 0u);
  world.hub.tick(16'000);  // a heartbeat
  for (auto& each : all) EXPECT_EQ(each.read(), ":\n");
  EXPECT_EQ(world.hub.compressor_bytes(), 0u);
  for (int i = 0; i < 2; ++i) {
    const std::string next = next_text();
    world.publish("t", next);
    for (auto& each : all) EXPECT_EQ(each.read(), event(next));
  }
  EXPECT_GT(world.hub.compressor_bytes(), 0u) << "traffic again";
}

TEST_P(CodedAudience, CompressorsTakeNoMoreThanTheirShareOfTheBudget) {
  HubWorld world(limits(), 1024 * 1024);
  std::vector<CodedListener> all(4);
  for (auto& each : all) each.join(world, GetParam());
  const std::string text = next_text();
  world.publish("t", text);
  for (auto& each : all) EXPECT_EQ(each.read(), event(text));
  EXPECT_EQ(world.hub.compressor_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Codings, CodedAudience,
                         testing::Values(Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate),
                         [](const auto& each) { return std::string(coding_name(each.param)); });

TEST(CodedAudiences, SubscribersOfTwoCodingsGetTheSameEvents) {
  HubWorld world;
  CodedListener zstd;
  CodedListener gzip;
  Listener identity;
  zstd.join(world, Coding::kZstd);
  gzip.join(world, Coding::kGzip);
  world.subscribe(identity, {"t"});
  EXPECT_EQ(world.hub.audiences(), 3u);
  world.publish("t", "1");
  EXPECT_EQ(zstd.read(), event("1"));
  EXPECT_EQ(gzip.read(), event("1"));
  EXPECT_EQ(identity.take(), event("1"));
}

}  // namespace
}  // namespace fanfare
