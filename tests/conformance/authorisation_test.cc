// Who gets what, against an oracle of a few lines: random tokens, selectors and updates; what each subscriber receives
// live, replayed, and replayed once the log has been closed and opened again. Seeds are printed.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/history_rocksdb/test_log.h"
#include "fanfare/hub/hub.h"
#include "testing/committed_queue.h"
#include "testing/delays.h"

namespace fanfare {
namespace {

constexpr std::string_view kSecret = "the secret of the tokens of tests";
constexpr std::array kSegments = {"a", "b", "c%2F"};

// --- The oracle ------------------------------------------------------------------------------------------------------

// Of selectors that are exact, "*", "{+all}", or have whole segments as variables.
bool matches(std::string_view selector, std::string_view topic) {
  if (selector == "*" || selector == "{+all}" || selector == topic) return true;
  const auto end = selector.find('/');
  const auto topic_end = topic.find('/');
  if (!selector.starts_with('{') && selector.substr(0, end) != topic.substr(0, topic_end)) return false;
  if (end == selector.npos || topic_end == topic.npos) return end == selector.npos && topic_end == topic.npos;
  return matches(selector.substr(end + 1), topic.substr(topic_end + 1));
}

bool any_matches(const std::vector<std::string>& selectors, const std::vector<std::string>& topics) {
  for (const auto& selector : selectors) {
    for (const auto& topic : topics) {
      if (matches(selector, topic)) return true;
    }
  }
  return false;
}

bool receives(const std::vector<std::string>& selectors, const std::vector<std::string>& grants, const Update& update) {
  return any_matches(selectors, update.topics) && (!update.is_private || any_matches(grants, update.topics));
}

// --- Random worlds ---------------------------------------------------------------------------------------------------

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool one_in(std::size_t count) { return below(count) == 0; }

  std::string topic() {
    std::string text = "t";
    for (std::size_t depth = 1 + below(2); depth > 0; --depth) text.append("/").append(kSegments[below(3)]);
    return text;
  }
  std::string selector() {
    if (one_in(12)) return "*";
    if (one_in(12)) return "{+all}";
    std::string text = "t";
    for (std::size_t depth = 1 + below(2); depth > 0; --depth) {
      text.append("/").append(one_in(2) ? "{" + std::string(1, "xyz"[below(3)]) + "}" : kSegments[below(3)]);
    }
    return text;
  }
  std::vector<std::string> selectors(std::size_t at_least) {
    std::vector<std::string> texts;
    for (std::size_t count = at_least + below(3); count > 0; --count) texts.push_back(selector());
    return texts;
  }
  Update update(std::string data) {
    Update update;
    for (std::size_t count = 1 + below(2); count > 0; --count) update.topics.push_back(topic());
    update.data = std::move(data);
    update.is_private = !one_in(3);
    return update;
  }

 private:
  std::mt19937 random_;
};

// A subscriber with a token of its own: what it sent, as data of updates.
class Reader final : public Outlet {
 public:
  void on_news() override {}
  void on_end(StreamEnd) override { ended_ = true; }
  void on_reset() override { ended_ = true; }

  std::string take() {
    std::array<std::string_view, 8> slices;
    std::string bytes;
    for (bool more = true; more;) {
      std::size_t now = 0;
      const std::size_t count = subscription->pull(slices);
      for (std::size_t i = 0; i < count; now += slices[i++].size()) bytes.append(slices[i]);
      more = now > 0 && subscription->advance(now);
    }
    EXPECT_FALSE(ended_);
    std::string data;
    constexpr std::string_view kData = "\ndata: ";
    for (auto at = bytes.find(kData); at != bytes.npos; at = bytes.find(kData, at + 1)) {
      data.append(bytes.substr(at + kData.size(), bytes.find('\n', at + 1) - at - kData.size())).append(" ");
    }
    return data;
  }

  std::unique_ptr<Subscription> subscription;

 private:
  bool ended_ = false;
};

// A hub on a log that may have been there before.
struct World {
  explicit World(EventLog& over)
      : log(over), reads(over), hub(Limits{}, 1 << 30, {reads, work, counters}, over.follow(committed)) {}
  ~World() { log.unfollow(committed); }

  void settle(Reader& reader, std::string& received) {
    for (received += reader.take(); reads.waiting() > 0; received += reader.take()) reads.complete_all();
  }

  EventLog& log;
  simulation::CommittedQueue committed;
  simulation::DelayedReads reads;
  simulation::DelayedWork work;
  ShardCounters counters;
  Hub hub;
};

struct Wish {
  std::vector<std::string> selectors;
  std::vector<std::string> grants;  // by way of a token
};

void subscribe(World& world, Reader& reader, const Wish& wish, Start start) {
  const KeySet keys({Key::from_secret(kSecret, Algorithm::kHs256).value()});
  const Authorizer authorizer({.issuers = {{.name = "", .publisher_keys = {}, .subscriber_keys = keys}}});
  const std::string token = make_token(kSecret, {.publish = {}, .subscribe = wish.grants, .expires_at_s = {}});
  auto grants = authorizer.subscriber(token, 0).value();
  const SubscribeRequest request{.selectors = wish.selectors, .grants = std::move(grants.subscribe), .start = start};
  reader.subscription = world.hub.subscribe(request, reader).value();
}

// All wishes, from the beginning of the log.
void check_replays(World& world, const std::vector<Wish>& wishes, const std::vector<std::string>& expected) {
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    Reader reader;
    subscribe(world, reader, wishes[i], {.from = Start::From::kAfter, .after = kBeforeAll});
    std::string received;
    world.settle(reader, received);
    EXPECT_EQ(received, expected[i]) << "subscriber " << i;
  }
}

void check_world(std::uint32_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  std::vector<Wish> wishes;
  for (int i = 0; i < 12; ++i) wishes.push_back({dice.selectors(1), dice.selectors(0)});
  std::vector<std::string> expected(wishes.size());

  const TestDirectory directory;
  RocksDbLogOptions options;
  options.directory = directory.path();
  options.durability = Durability::kOs;
  auto log = open_rocksdb_log(options).value();
  {
    World world(*log);
    std::vector<Reader> readers(wishes.size());
    std::vector<std::string> received(wishes.size());
    for (std::size_t i = 0; i < wishes.size(); ++i) subscribe(world, readers[i], wishes[i], {});
    for (int number = 0; number < 40; ++number) {
      const Update update = dice.update(std::to_string(number));
      for (std::size_t i = 0; i < wishes.size(); ++i) {
        if (receives(wishes[i].selectors, wishes[i].grants, update)) expected[i] += update.data + " ";
      }
      world.committed.wait_for(append(*log, update).value().position);
      if (dice.one_in(3)) world.work.finish_all();
      world.hub.dispatch(world.committed.take(1));
      for (std::size_t i = 0; i < wishes.size(); ++i) world.settle(readers[i], received[i]);
    }
    EXPECT_EQ(received, expected) << "live";
    check_replays(world, wishes, expected);
  }
  log.reset();
  log = open_rocksdb_log(options).value();
  World world(*log);
  check_replays(world, wishes, expected);
}

TEST(Authorisation, EverySubscriberReceivesExactlyWhatItsTokenAndItsSelectorsSayLiveReplayedAndAfterAReload) {
  const std::uint32_t first = std::random_device{}();
  std::printf("seeds %u to %u\n", first, first + 24);
  for (std::uint32_t seed = first; seed != first + 25; ++seed) check_world(seed);
}

}  // namespace
}  // namespace fanfare
