// Who subscribes to what at the moment, on all shards, and how the hub says it: the documents and topics of active
// subscriptions (draft-dunglas-mercure-07 section 8). A subscriber has one subscription for each of its selectors.
// Any thread (one mutex, taken when a stream opens or ends and when somebody asks, never per delivery).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fanfare {

inline constexpr std::string_view kSubscriptionsPath = "/.well-known/mercure/subscriptions";

// One stream, for as long as it is open. Immutable.
struct ListedSubscriber {
  std::string id;                      // "urn:uuid:…", of this stream alone
  std::vector<std::string> selectors;  // none twice
  std::string payload;                 // JSON, from its token; empty: none
};
using ListedSubscriberPtr = std::shared_ptr<const ListedSubscriber>;

ListedSubscriberPtr make_subscriber(std::vector<std::string> selectors, std::string payload);

// The subscription's path, which is the topic of updates about it as well: each part percent-encoded once.
std::string subscription_path(std::string_view selector, std::string_view subscriber_id);
// Of the collection: all subscriptions, or those with this selector.
std::string subscriptions_path(std::optional<std::string_view> selector);

struct ActiveSubscription {
  std::string_view selector;  // one of the subscriber's
  ListedSubscriberPtr subscriber;
};

enum class Activity { kActive, kEnded };

// JSON-LD. last_event_id: who reads on from there misses no change of what is said here.
std::string subscription_update(const ActiveSubscription& subscription, Activity activity);
std::string subscription_document(const ActiveSubscription& subscription, std::string_view last_event_id);

class ActiveSubscriptions {
 public:
  ActiveSubscriptions();

  void add(const ListedSubscriberPtr& subscriber);
  void remove(const ListedSubscriber& subscriber);

  // The entity tag of all that is said of subscriptions now: another one after each change, and in each process. Weak,
  // because last_event_id is no part of it.
  std::string etag() const;
  std::optional<ActiveSubscription> find(std::string_view selector, std::string_view subscriber_id) const;
  // The document of the collection, by selector, then by subscriber. What comes or goes meanwhile may be in it or not.
  std::string list(std::optional<std::string_view> selector, std::string_view last_event_id) const;

 private:
  std::vector<ActiveSubscription> next_after(std::string_view selector, std::string_view subscriber_id) const;

  using Key = std::pair<std::string_view, std::string_view>;  // selector and id: views into the subscriber
  mutable std::mutex mutex_;
  std::map<Key, ListedSubscriberPtr> subscriptions_;
  std::uint64_t changes_ = 0;
  const std::string process_;  // tells this one's tags from those of others
};

}  // namespace fanfare
