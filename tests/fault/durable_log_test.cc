// kill -9 of a server at random moments under many publishers: what got its 200 is there after the restart, once and in
// order, and subscribers that come back with their last event id miss nothing and see nothing twice.
// FANFARE_SEED replays a run, FANFARE_ROUNDS makes it longer or shorter.
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <optional>
#include <random>
#include <thread>

#include "fanfare/history_rocksdb/test_log.h"
#include "testing/live/server_process.h"
#include "tests/fault/ledger.h"

namespace fanfare::live {
namespace {

constexpr std::size_t kPublishers = 32;
constexpr std::size_t kMarkers = kPublishers;  // the account of the updates that the test itself publishes
constexpr unsigned kLoadLeastMs = 20;
constexpr unsigned kLoadMostMs = 80;

using Events = std::vector<Subscriber::Event>;

// A subscriber that comes back with its last event id to one server after another, and reads on a thread of its own.
class Returning {
 public:
  explicit Returning(std::string topic) : topic_(std::move(topic)) {}

  // Reads from where it was until the server ends. Until wait() everything here is the thread's.
  void come_back(std::uint16_t port) {
    reader_ = std::jthread([this, port] {
      Subscriber subscriber(port, options());
      check(subscriber);
      subscriber.read_to_end();
      keep(subscriber);
    });
  }
  void wait() { reader_.join(); }

  // Reads from where it was through the update with this id.
  void read_rest(std::uint16_t port, std::string_view id) {
    Subscriber subscriber(port, options());
    check(subscriber);
    EXPECT_TRUE(read_through(subscriber, id));
    keep(subscriber);
  }

  const Events& events() const { return events_; }
  const std::string& fault() const { return fault_; }

 private:
  SubscriberOptions options() const {
    return {.topic = topic_, .last_event_id = events_.empty() ? "earliest" : events_.back().id};
  }
  void check(const Subscriber& subscriber) {
    if (subscriber.answer().status == 0) return;  // the server was killed before it could answer
    if (!subscriber.is_subscribed() || subscriber.answer().header("Last-Event-ID") != options().last_event_id) {
      fault_ = "its last event id " + options().last_event_id + " was answered: " + subscriber.answer().head;
    }
  }
  void keep(const Subscriber& subscriber) {
    events_.insert(events_.end(), subscriber.events().begin(), subscriber.events().end());
  }

  const std::string topic_;
  Events events_;
  std::string fault_;
  std::jthread reader_;
};

std::string first_difference(const Events& seen, const Events& held) {
  for (std::size_t i = 0; i < std::min(seen.size(), held.size()); ++i) {
    if (seen[i].id != held[i].id || seen[i].data != held[i].data) return seen[i].data + "instead of " + held[i].data;
  }
  if (seen.size() == held.size()) return {};
  return std::to_string(seen.size()) + " events instead of " + std::to_string(held.size());
}

// Publishers that go on until the server is gone. Returns the answers that were neither 200 nor none.
std::vector<std::string> publish_until_killed(ServerProcess& server, milliseconds load, Ledger& ledger) {
  std::vector<std::string> refusals(kPublishers);
  std::vector<std::jthread> publishing;
  for (std::size_t i = 0; i < kPublishers; ++i) {
    publishing.emplace_back([&, i, port = server.port(), token = server.token()] {
      Publisher publisher(port, token);
      Answer answer;
      do {
        answer = publish_next(publisher, "t", ledger, i);
      } while (answer.status == 200);
      if (answer.status != 0) refusals[i] = answer.head + answer.body;
    });
  }
  std::this_thread::sleep_for(load);
  server.kill();
  publishing.clear();
  std::erase(refusals, "");
  return refusals;
}

class KilledServer : public testing::Test {
 protected:
  KilledServer() {
    for (const char* topic : {"t", "t", "*", "{any}"}) subscribers_.emplace_back(topic);
  }

  // Starts the server again on the same port, and marks the end of what it finds by an update. The marker's id.
  std::string start() {
    server_.emplace(ServerProcessOptions{.port = port_, .data = directory_.path()});
    port_ = server_->port();
    Publisher publisher(port_, server_->token());
    return publish_next(publisher, "t", ledger_, kMarkers).body;
  }

  // What the log holds, read again by one that has no part in the load.
  void check_what_is_held(std::string_view marker) {
    held_.read_rest(port_, marker);
    ASSERT_EQ(held_.fault(), "");
    ASSERT_EQ(fault_in_ledger(held_.events(), ledger_), "");
  }

  void run_round(milliseconds load) {
    const std::string marker = start();
    ASSERT_NE(marker, "");
    for (auto& each : subscribers_) each.come_back(port_);
    check_what_is_held(marker);
    EXPECT_EQ(publish_until_killed(*server_, load, ledger_), std::vector<std::string>());
    for (auto& each : subscribers_) {
      each.wait();
      ASSERT_EQ(each.fault(), "");
    }
  }

  const TestDirectory directory_;
  Ledger ledger_{kPublishers + 1};
  std::deque<Returning> subscribers_;
  Returning held_{"t"};
  std::optional<ServerProcess> server_;
  std::uint16_t port_ = 0;
};

TEST_F(KilledServer, HoldsWhatItAcknowledgedAndItsSubscribersSeeEachUpdateOnce) {
  const unsigned seed = number_from_environment("FANFARE_SEED", std::random_device{}());
  const unsigned rounds = number_from_environment("FANFARE_ROUNDS", 100);
  std::printf("FANFARE_SEED=%u FANFARE_ROUNDS=%u\n", seed, rounds);
  std::mt19937 random(seed);
  for (unsigned round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    run_round(milliseconds(kLoadLeastMs + random() % (kLoadMostMs - kLoadLeastMs)));
  }
  ASSERT_FALSE(HasFailure());

  const std::string marker = start();
  check_what_is_held(marker);
  Returning from_the_beginning("t");
  from_the_beginning.read_rest(port_, marker);
  EXPECT_EQ(first_difference(from_the_beginning.events(), held_.events()), "");
  for (auto& each : subscribers_) {
    each.read_rest(port_, marker);
    EXPECT_EQ(first_difference(each.events(), held_.events()), "");
  }
  const std::size_t acknowledged = count_acknowledged(ledger_);
  std::printf("%zu acknowledged in %u rounds, %zu held\n", acknowledged, rounds, held_.events().size());
  EXPECT_GT(acknowledged, std::size_t{rounds} * kPublishers) << "the load was none";
}

}  // namespace
}  // namespace fanfare::live
