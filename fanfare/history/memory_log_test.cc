#include "fanfare/history/memory_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace fanfare {
namespace {

constexpr Position kEnd = std::numeric_limits<Position>::max();

class TopicFilter final : public UpdateFilter {
 public:
  explicit TopicFilter(std::string topic) : topic_(std::move(topic)) {}
  bool wants(const Update& update) const override { return topic_.empty() || update.topics.front() == topic_; }
  bool selects(std::string_view topic) const override { return topic_.empty() || topic == topic_; }

 private:
  const std::string topic_;
};

class Follower final : public LogFollower {
 public:
  void on_committed(std::span<const LoggedUpdatePtr> batch) override {
    for (const auto& each : batch) seen.push_back(each->update.data);
  }
  std::vector<std::string> seen;
};

class MemoryLogTest : public testing::Test {
 protected:
  Appended append(Update update) {
    std::optional<Result<Appended>> answer;
    log().append(std::move(update), [&](Result<Appended> result) { answer = std::move(result); });
    return answer.value().value();
  }
  Appended append(std::string data, std::string id = {}, std::string topic = "t") {
    Update update;
    update.topics = {std::move(topic)};
    update.data = std::move(data);
    update.id = std::move(id);
    return append(std::move(update));
  }
  ReadResult read(Position after, Position through = kEnd, std::string topic = {}, std::size_t bytes_max = 1 << 20,
                  std::size_t scan_updates_max = 1'000) {
    std::optional<Result<ReadResult>> answer;
    log().read_after({.after = after,
                      .through = through,
                      .filter = std::make_shared<TopicFilter>(std::move(topic)),
                      .bytes_max = bytes_max,
                      .scan_updates_max = scan_updates_max},
                     [&](Result<ReadResult> result) { answer = std::move(result); });
    return answer.value().value();
  }
  FindResult find(std::string id) {
    std::optional<Result<FindResult>> answer;
    log().find(std::move(id), [&](Result<FindResult> result) { answer = result; });
    return answer.value().value();
  }
  MemoryLog& log() {
    if (!log_) log_ = std::make_unique<MemoryLog>(limits_);
    return *log_;
  }
  static std::vector<std::string> data_of(const ReadResult& result) {
    std::vector<std::string> all;
    for (const auto& each : result.updates) all.push_back(each->update.data);
    return all;
  }

  Limits limits_;

 private:
  std::unique_ptr<MemoryLog> log_;
};

using Strings = std::vector<std::string>;

TEST_F(MemoryLogTest, PositionsGrowAndReadsGiveUpdatesInTheirOrder) {
  const Position one = append("1").position;
  const Position two = append("2").position;
  const Position three = append("3").position;
  EXPECT_LT(kBeforeAll, one);
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_EQ(data_of(read(kBeforeAll)), (Strings{"1", "2", "3"}));
  EXPECT_EQ(data_of(read(one)), (Strings{"2", "3"}));
  EXPECT_EQ(data_of(read(one, two)), Strings{"2"});
  EXPECT_EQ(read(one, two).read_through, two);
  EXPECT_EQ(data_of(read(three)), Strings{});
}

TEST_F(MemoryLogTest, ManyAtOnceStandTogetherAndReachFollowersTogether) {
  class Batches final : public LogFollower {
   public:
    void on_committed(std::span<const LoggedUpdatePtr> batch) override { sizes.push_back(batch.size()); }
    std::vector<std::size_t> sizes;
  } follower;
  append("before");
  log().follow(follower);
  std::vector<Update> updates(3);
  for (auto& update : updates) update.topics = {"t"};
  updates[1].id = "mine";
  std::vector<Appended> appended;
  log().append_all(updates, [&](const Result<std::vector<Appended>>& result) { appended = result.value(); });
  log().unfollow(follower);
  EXPECT_EQ(follower.sizes, std::vector<std::size_t>{3});
  ASSERT_EQ(appended.size(), 3u);
  EXPECT_EQ(appended[1].id, "mine");
  for (const auto& each : appended) EXPECT_EQ(find(each.id).position, each.position);
  const ReadResult held = read(kBeforeAll);
  ASSERT_EQ(held.updates.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(held.updates[i + 1]->position, appended[i].position);
}

TEST_F(MemoryLogTest, AFilterPassesOverUpdatesAndTheReadGoesThroughThemAllTheSame) {
  append("1");
  append("2", {}, "u");
  const Position last = append("3").position;
  const ReadResult result = read(kBeforeAll, last, "u");
  EXPECT_EQ(data_of(result), Strings{"2"});
  EXPECT_EQ(result.read_through, last);
}

TEST_F(MemoryLogTest, AReadStopsAtItsBoundInBytesButGivesOneUpdateAlways) {
  const Position one = append(std::string(100, 'x'), "a").position;
  const Position two = append(std::string(100, 'y'), "b").position;
  append(std::string(100, 'z'), "c");
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{1}, std::size_t{101}}) {
    const ReadResult result = read(kBeforeAll, kEnd, {}, bytes_max);
    EXPECT_EQ(result.updates.size(), 1u) << bytes_max;
    EXPECT_EQ(result.read_through, one);
  }
  const ReadResult result = read(kBeforeAll, kEnd, {}, 102);
  EXPECT_EQ(result.updates.size(), 2u);
  EXPECT_EQ(result.read_through, two);
}

TEST_F(MemoryLogTest, IdsAndTypesCountInAReadAsDataDoes) {
  Update update;
  update.topics = {"t"};
  update.id = std::string(100, 'i');
  update.type = "0123456789";
  for (int i = 0; i < 10; ++i) append(update);
  EXPECT_EQ(read(kBeforeAll, kEnd, {}, 111).updates.size(), 2u);
}

TEST_F(MemoryLogTest, AReadStopsAfterItsBoundOfUpdatesLookedAtButLooksAtOne) {
  const Position one = append("1").position;
  const Position two = append("2").position;
  append("3", {}, "u");
  EXPECT_EQ(read(kBeforeAll, kEnd, "u", 1 << 20, 0).read_through, one);
  EXPECT_EQ(read(kBeforeAll, kEnd, "u", 1 << 20, 2).read_through, two);
  EXPECT_EQ(data_of(read(two, kEnd, "u", 1 << 20, 1)), Strings{"3"});
}

TEST_F(MemoryLogTest, TheOldestGoFirstBeyondTheBoundInUpdates) {
  limits_.memory_log_updates_max = 3;
  for (const char* data : {"1", "2", "3", "4", "5"}) append(data);
  EXPECT_EQ(data_of(read(kBeforeAll)), (Strings{"3", "4", "5"}));
}

TEST_F(MemoryLogTest, TheOldestGoFirstBeyondTheBoundInBytesAndTheNewestStaysHoweverLarge) {
  limits_.memory_log_bytes_max = 10'000;
  for (int i = 0; i < 50; ++i) append(std::string(1'000, 'x'));
  const std::size_t held = read(kBeforeAll).updates.size();
  EXPECT_GE(held, 7u);
  EXPECT_LE(held, 10u);
  append(std::string(50'000, 'y'));
  EXPECT_EQ(read(kBeforeAll).updates.size(), 1u);
}

TEST_F(MemoryLogTest, TransientUpdatesStandInTheirPlaceAndDisplaceNoOthers) {
  limits_.memory_log_updates_max = 3;
  limits_.transient_bytes_max = 2'000;
  const Position one = append("1").position;
  const auto passing = [&](std::string data) {
    Update update;
    update.topics = {"t"};
    update.data = std::move(data);
    update.is_transient = true;
    return append(std::move(update));
  };
  const Appended two = passing("2");
  append("3");
  EXPECT_EQ(data_of(read(kBeforeAll)), (Strings{"1", "2", "3"}));
  EXPECT_EQ(data_of(read(one, two.position)), Strings{"2"});
  EXPECT_EQ(read(kBeforeAll, kEnd, {}, 60).read_through, two.position) << "the bound in bytes is that of both";
  EXPECT_EQ(data_of(read(two.position)), Strings{"3"});
  EXPECT_EQ(find(two.id).position, two.position);
  for (int i = 0; i < 50; ++i) passing(std::string(100, 'x'));
  append("4");
  const auto all = data_of(read(kBeforeAll));
  EXPECT_EQ(all.front(), "1");
  EXPECT_EQ(all.back(), "4");
  EXPECT_EQ(std::ranges::count_if(all, [](const auto& data) { return data.size() == 1; }), 3) << "the first ones";
  EXPECT_GT(all.size(), 5u);
  EXPECT_LT(all.size(), 15u);
  EXPECT_EQ(find(two.id).status, FindStatus::kHeld) << "who saw it can go on from there";
}

TEST_F(MemoryLogTest, TransientUpdatesThatAreGoneAreAGapToThoseWhoMayWantThem) {
  class Wants final : public UpdateFilter {
   public:
    explicit Wants(bool transient) : transient_(transient) {}
    bool wants(const Update& update) const override { return !update.is_transient || transient_; }
    bool selects(std::string_view) const override { return true; }
    bool may_want_transient() const override { return transient_; }

   private:
    const bool transient_;
  };
  limits_.transient_bytes_max = 1;  // the newest only
  const Position one = append("1").position;
  Update passing;
  passing.topics = {"t"};
  passing.is_transient = true;
  const Position two = append(passing).position;
  const auto has_gap = [&](Position after, bool wants_transient, Position known = kBeforeAll) {
    std::optional<bool> gap;
    log().read_after({.after = after,
                      .through = kEnd,
                      .filter = std::make_shared<Wants>(wants_transient),
                      .bytes_max = 1 << 20,
                      .scan_updates_max = 1'000,
                      .state_as_of = {},
                      .holes_known_through = known},
                     [&](Result<ReadResult> result) { gap = result->gap; });
    return gap.value();
  };
  EXPECT_FALSE(has_gap(one, true));
  append(passing);
  EXPECT_EQ(log().transient_after(), two);
  EXPECT_TRUE(has_gap(one, true));
  EXPECT_FALSE(has_gap(one, false));
  EXPECT_FALSE(has_gap(two, true));
  EXPECT_FALSE(has_gap(one, true, two)) << "the reader knows";
  EXPECT_FALSE(has_gap(kBeforeAll, true));
}

TEST_F(MemoryLogTest, AGapIsWhatFollowsTheReaderAndIsTrimmed) {
  limits_.memory_log_updates_max = 2;
  Follower follower;
  const Position before = log().follow(follower);
  EXPECT_NE(before, kBeforeAll);
  const Position one = append("1").position;
  const Position two = append("2").position;
  EXPECT_FALSE(read(before).gap);
  append("3");  // drops "1"
  EXPECT_TRUE(read(before).gap);
  EXPECT_EQ(read(before).updates.size(), 0u);
  EXPECT_FALSE(read(kBeforeAll).gap);
  EXPECT_FALSE(read(one).gap);
  EXPECT_EQ(data_of(read(one)), (Strings{"2", "3"}));
  append("4");  // drops "2"
  EXPECT_TRUE(read(one).gap);
  EXPECT_FALSE(read(two).gap);
  log().unfollow(follower);
}

TEST_F(MemoryLogTest, IdsAreMadeWhereThePublisherChoseNone) {
  const Appended made = append("1");
  const Appended chosen = append("2", "mine");
  EXPECT_TRUE(made.id.starts_with("urn:uuid:"));
  EXPECT_EQ(chosen.id, "mine");
  EXPECT_EQ(read(kBeforeAll).updates[0]->update.id, made.id);
}

TEST_F(MemoryLogTest, FindsIdsThatItMadeAndThatPublishersChose) {
  const Appended made = append("1");
  const Appended chosen = append("2", "mine");
  for (const auto& each : {made, chosen}) {
    EXPECT_EQ(find(each.id).status, FindStatus::kHeld);
    EXPECT_EQ(find(each.id).position, each.position);
  }
  for (const char* id : {"", "min", "mine2", "urn:uuid:00000000-0000-8000-8000-000000000000"}) {
    EXPECT_EQ(find(id).status, FindStatus::kUnknown) << id;
  }
  EXPECT_EQ(find(EventIdCodec::random().encode(2)).status, FindStatus::kUnknown);
}

TEST_F(MemoryLogTest, OfEqualIdsTheEarliestHeldIsFound) {
  limits_.memory_log_updates_max = 3;
  const Position first = append("1", "same").position;
  const Position second = append("2", "same").position;
  append("3");
  EXPECT_EQ(find("same").position, first);
  append("4");  // drops "1"
  EXPECT_EQ(find("same").position, second);
  append("5");
  EXPECT_EQ(find("same").status, FindStatus::kUnknown);
}

TEST_F(MemoryLogTest, AnIdThatTheLogMadeIsKnownAfterItsUpdateIsGone) {
  limits_.memory_log_updates_max = 1;
  const Appended one = append("1");
  append("2");
  EXPECT_EQ(find(one.id).status, FindStatus::kHeld);  // all that follows it is held
  append("3");
  EXPECT_EQ(find(one.id).status, FindStatus::kTrimmed);
  EXPECT_EQ(find(one.id).position, one.position);
}

TEST_F(MemoryLogTest, FindsThePlaceOfATimeAlsoWhenTheClockGoesBack) {
  std::uint64_t now_ms = 1'000;
  MemoryLog log(limits_, EventIdCodec::random(), [&] { return now_ms; });
  std::vector<Position> positions;
  for (const std::uint64_t ms : {1'000u, 2'000u, 500u, 3'000u}) {
    now_ms = ms;
    log.append({.topics = {"t"}, .data = "x", .id = {}, .type = {}, .retry_ms = {}},
               [&](Result<Appended> appended) { positions.push_back(appended->position); });
  }
  const auto place_of = [&](std::uint64_t unix_ms) {
    Position position = kBeforeAll;
    log.find_time(unix_ms, [&](Result<FindResult> found) {
      EXPECT_EQ(found->status, FindStatus::kHeld);
      position = found->position;
    });
    return position;
  };
  EXPECT_EQ(place_of(1'000), kBeginning);
  EXPECT_EQ(place_of(1'001), positions[0]);
  EXPECT_EQ(place_of(2'000), positions[0]);  // the third has the time of the second
  EXPECT_EQ(place_of(2'001), positions[2]);
  EXPECT_EQ(place_of(9'000), positions[3]);
}

TEST_F(MemoryLogTest, ATimeBeforeWhatIsHeldIsTrimmed) {
  limits_.memory_log_updates_max = 1;
  append("1");
  append("2");
  std::optional<FindStatus> status;
  log().find_time(1, [&](Result<FindResult> found) { status = found->status; });
  EXPECT_EQ(status, FindStatus::kTrimmed);
}

TEST_F(MemoryLogTest, AnIdOfAnyPositionIsFoundThere) {
  EXPECT_EQ(log().id_of(kBeginning), "");
  const Appended chosen = append("1", "mine");
  EXPECT_EQ(find(log().id_of(chosen.position)).position, chosen.position);
}

TEST_F(MemoryLogTest, AFollowerGetsWhatIsCommittedWhileItFollows) {
  Follower follower;
  const Position one = append("1").position;
  EXPECT_EQ(log().follow(follower), one);
  append("2");
  append("3");
  log().unfollow(follower);
  append("4");
  EXPECT_EQ(follower.seen, (Strings{"2", "3"}));
}

}  // namespace
}  // namespace fanfare
