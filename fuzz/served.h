// A whole server in a fuzzer's process, on a thread of its own and as old as the process; who publishes to it; and a
// witness: a subscriber beside the clients that the inputs make, who must have every event whatever those do.
// Events are of topic `a` and numbered by their ids, from 1 on. One thread, beside the server's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "fanfare/base/check.h"
#include "fanfare/history/memory_log.h"
#include "fanfare/server/server.h"
#include "testing/live/http_client.h"

namespace fanfare::fuzz {

inline constexpr std::string_view kHubPath = "/.well-known/mercure";
inline constexpr std::string_view kSecret = "the secret that all fuzzers share.";

enum class Visibility : std::uint8_t { kPublic, kPrivate };

// Whoever does not get what must come is waited for so long, then something is found.
inline constexpr live::milliseconds kPatience{8'000};

class Served {
 public:
  struct Event {
    std::string data;
    Visibility visibility;
  };

  // change: what the options shall be beside one thread and a port of this machine.
  explicit Served(const std::function<void(ServerOptions&)>& change) {
    ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.threads = 1;
    options.access_log = false;
    const KeySet keys({Key::from_secret(kSecret, Algorithm::kHs256).value()});
    options.access.issuers = {{.name = "", .publisher_keys = keys, .subscriber_keys = keys}};
    options.access.anonymous = true;
    options.version = "fuzzed";
    options.limits.linger_ms = 100;
    options.limits.memory_log_updates_max = 100 * kEventsKept;
    change(options);
    history_ = std::make_unique<MemoryLog>(options.limits);
    auto opened = Server::open(std::move(options), *history_, log_);
    FANFARE_CHECK(opened.has_value());
    server_ = std::move(*opened);
    const std::string address = server_->addresses().front();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    thread_ = std::thread([this] { server_->run(); });
    publisher_.emplace(port_);
  }
  ~Served() {
    server_->stop();
    server_->stop();
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  std::uint16_t port() const { return port_; }
  // May publish and subscribe to everything.
  const std::string& token() const { return token_; }

  // The number of the newest event; 0: none was published.
  std::uint64_t newest() const { return newest_; }
  // The next event that is published after this one; for those who may not see private ones, the next public one.
  // Nothing if there is none.
  std::optional<std::uint64_t> next_after(std::uint64_t number, Visibility seen) const {
    while (++number <= newest_) {
      if (seen == Visibility::kPrivate || event(number).visibility == Visibility::kPublic) return number;
    }
    return std::nullopt;
  }
  const Event& event(std::uint64_t number) const {
    FANFARE_CHECK(number <= newest_ && newest_ - number < events_.size());
    return events_[events_.size() - 1 - (newest_ - number)];
  }

  void publish(std::string data, Visibility visibility = Visibility::kPublic) {
    const std::string more = visibility == Visibility::kPrivate ? "private=on" : "";
    FANFARE_CHECK(publisher_->send(live::publish_request(token_, "a", data, std::to_string(newest_ + 1), more)));
    FANFARE_CHECK(live::read_answer(*publisher_, kPatience).status == 200);
    ++newest_;
    events_.push_back({std::move(data), visibility});
    if (events_.size() > kEventsKept) events_.pop_front();
    if (witness_ != nullptr && visibility == Visibility::kPublic) ++witness_events_;
  }

  // Before the clients of an input, and after them.
  void begin_witness() {
    if (witness_ != nullptr && witness_events_ < kWitnessEventsMax) return;
    witness_ = std::make_unique<live::Subscriber>(port_, live::SubscriberOptions{.topic = "a"});
    FANFARE_CHECK(witness_->is_subscribed());
    witness_events_ = 0;
    witness_begin_ = newest_;
    witness_seen_ = 0;
  }
  void ask_witness() {
    FANFARE_CHECK(witness_->read_events(witness_events_, kPatience));
    const auto& seen = witness_->events();
    FANFARE_CHECK(seen.size() == witness_events_);
    for (; witness_seen_ < seen.size(); ++witness_seen_) {
      const auto next = next_after(witness_begin_, Visibility::kPublic);
      FANFARE_CHECK(next && seen[witness_seen_].id == std::to_string(*next));
      FANFARE_CHECK(seen[witness_seen_].data == event(*next).data);
      witness_begin_ = *next;
    }
  }

 private:
  static constexpr std::size_t kEventsKept = 1'000;
  static constexpr std::size_t kWitnessEventsMax = 10'000;

  const std::string token_ = make_token(kSecret, {{"*"}, {"*"}, {}});
  std::unique_ptr<MemoryLog> history_;
  std::ostringstream log_text_;
  Log log_{LogFormat::kText, LogLevel::kError, log_text_};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::optional<live::Connection> publisher_;
  std::unique_ptr<live::Subscriber> witness_;
  std::size_t witness_events_ = 0;   // that it must have altogether
  std::size_t witness_seen_ = 0;     // … and that have been compared
  std::uint64_t witness_begin_ = 0;  // the event before the next one to compare
  std::deque<Event> events_;         // the newest
  std::uint64_t newest_ = 0;
};

// What a subscriber has got: asserts that it is everything that it may see, in order and once. `after`: what it asked
// for; else it began with any event after `not_before`.
class Progress {
 public:
  Progress(const Served& served, Visibility sees, std::uint64_t not_before, std::optional<std::uint64_t> after)
      : served_(served), sees_(sees), not_before_(not_before), last_(after) {}

  void see(std::string_view id, std::string_view data) {
    const std::uint64_t number = std::stoull(std::string(id));
    FANFARE_CHECK(number > not_before_ || last_);
    if (last_) FANFARE_CHECK(served_.next_after(*last_, sees_) == number);
    FANFARE_CHECK(served_.event(number).data == data);
    last_ = number;
  }
  std::optional<std::uint64_t> last() const { return last_; }
  bool has_all() const { return last_ && !served_.next_after(*last_, sees_); }

 private:
  const Served& served_;
  Visibility sees_;
  std::uint64_t not_before_;
  std::optional<std::uint64_t> last_;
};

}  // namespace fanfare::fuzz
