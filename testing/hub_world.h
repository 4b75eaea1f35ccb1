// A hub with a memory log and a hand on everything: for small scenarios that read as they happen. What it is not: the
// random one (simulation.h). One thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history/memory_log.h"
#include "fanfare/hub/hub.h"
#include "testing/committed_queue.h"
#include "testing/delays.h"

namespace fanfare::simulation {

inline constexpr std::size_t kIdBytes = 8;

// A subscriber's connection: takes what it is told to and keeps it.
class Listener : public Outlet {
 public:
  void on_news() override { ++news; }
  void on_end(StreamEnd how) override { end = how; }
  void on_reset() override { was_reset = true; }

  // Takes at most so many bytes, in slices of which at most so many are pulled at once. Returns them.
  std::string take(std::size_t bytes_max = 1 << 30, std::size_t slices_max = 16) {
    std::string taken;
    std::vector<std::string_view> slices(slices_max);
    for (bool more = true; more && taken.size() < bytes_max;) {
      std::string now;
      const std::size_t count = subscription->pull(slices);
      for (std::size_t i = 0; i < count; ++i) now.append(slices[i].substr(0, bytes_max - taken.size() - now.size()));
      if (now.empty()) break;
      more = subscription->advance(now.size());
      taken.append(now);
    }
    return taken;
  }

  int news = 0;
  std::optional<StreamEnd> end;
  bool was_reset = false;
  std::unique_ptr<Subscription> subscription;
};

class HubWorld {
 public:
  explicit HubWorld(const Limits& limits = {}, std::size_t budget_bytes = 1 << 30)
      : log(limits), reads(log), hub(limits, budget_bytes, {reads, work, counters}, log.follow(committed)) {}
  ~HubWorld() { log.unfollow(committed); }

  // The log has it, the hub not yet. Ids are the data's beginnings, so that streams can be written down.
  Position append(std::string topic, std::string data, bool is_private = false) {
    return append(std::vector<std::string>{std::move(topic)}, std::move(data), is_private);
  }
  Position append(std::vector<std::string> topics, std::string data, bool is_private = false) {
    Update update;
    update.topics = std::move(topics);
    update.id = data.substr(0, kIdBytes);
    update.data = std::move(data);
    update.is_private = is_private;
    Position position = kBeforeAll;
    log.append(std::move(update), [&](Result<Appended> result) { position = result->position; });
    return position;
  }
  // One turn with all (or so many) that the hub has not seen.
  void turn(std::size_t updates_max = 1 << 30) { hub.dispatch(committed.take(updates_max)); }
  Position publish(std::string topic, std::string data) {
    const Position position = append(std::move(topic), std::move(data));
    turn();
    return position;
  }

  void subscribe(Listener& listener, const SubscribeRequest& request) {
    auto subscription = hub.subscribe(request, listener);
    FANFARE_CHECK(subscription.has_value());
    listener.subscription = std::move(*subscription);
  }
  void subscribe(Listener& listener, std::vector<std::string> selectors, Start start = {}) {
    subscribe(listener, {.selectors = std::move(selectors), .grants = {}, .start = start, .framing = Framing::kBare});
  }
  // Takes all, with the help of the log.
  std::string take_through(Listener& listener) {
    std::string all = listener.take();
    while (reads.waiting() > 0) {
      reads.complete_all();
      all.append(listener.take());
    }
    return all;
  }

  MemoryLog log;
  CommittedQueue committed;
  DelayedReads reads;
  DelayedWork work;
  ShardCounters counters;
  Hub hub;
};

// The event-stream bytes of updates that HubWorld made.
inline std::string event(const std::string& data) {
  return "id: " + data.substr(0, kIdBytes) + "\ndata: " + data + "\n\n";
}
inline std::string events(std::initializer_list<const char*> all) {
  std::string text;
  for (const char* data : all) text.append(event(data));
  return text;
}

}  // namespace fanfare::simulation
