// Tells of a shard's subscribers that come and go: keeps the hub's list of active subscriptions, and publishes an
// update for each change (draft-dunglas-mercure-07 section 8), many in one append where many change together. What the
// log cannot take now is tried again, in order. One thread: the shard's, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fanfare/history/event_log.h"
#include "fanfare/net/loop.h"
#include "fanfare/server/active_subscriptions.h"

namespace fanfare {

class Shard;

class SubscriptionAnnouncer {
 public:
  // A subscriber's place in the list: taken from it, and announced as ended, when this is destroyed.
  class Presence {
   public:
    Presence(SubscriptionAnnouncer& announcer, ListedSubscriberPtr subscriber);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    SubscriptionAnnouncer& announcer_;
    const ListedSubscriberPtr subscriber_;
  };

  explicit SubscriptionAnnouncer(Shard& shard);

  std::unique_ptr<Presence> join(ListedSubscriberPtr subscriber);

 private:
  struct Change {
    ListedSubscriberPtr subscriber;
    std::uint32_t selector;
    Activity activity;
  };

  void note(const ListedSubscriberPtr& subscriber, Activity activity);
  void post_publishing();
  void publish();
  void on_appended(std::size_t changes, const Result<std::vector<Appended>>& appended);
  Update update_of(const Change& change) const;

  Shard& shard_;
  std::deque<Change> waiting_;  // the first ones may be with the log
  net::Timer retry_timer_;
  bool is_publishing_ = false;  // posted, with the log, or waiting for the timer
  bool has_failed_ = false;     // the last append
  bool has_dropped_ = false;    // since the log last took some
};

using Presence = SubscriptionAnnouncer::Presence;

}  // namespace fanfare
