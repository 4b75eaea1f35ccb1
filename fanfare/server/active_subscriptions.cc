#include "fanfare/server/active_subscriptions.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/base/json_string.h"
#include "fanfare/url/form.h"

namespace fanfare {
namespace {

constexpr std::string_view kContext = R"("@context":"https://mercure.rocks/",)";

constexpr std::string_view kUrnPrefix = "urn:uuid:";
constexpr std::size_t kListedAtOnce = 1'024;  // with the mutex, which streams that open and end wait for

// Version 4 (RFC 9562 section 5.4).
std::string random_uuid_urn() {
  std::array<std::uint8_t, 16> bytes;
  FANFARE_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string urn(kUrnPrefix);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) urn.push_back('-');
    urn.push_back(kHex[bytes[i] >> 4]);
    urn.push_back(kHex[bytes[i] & 0x0F]);
  }
  return urn;
}

// {"name":"text"} without the braces.
void append_member(std::string& out, std::string_view name, std::string_view text) {
  out.append("\"").append(name).append("\":");
  append_json_string(out, text);
}

// The members that each form of a subscription has.
void append_subscription(std::string& out, const ActiveSubscription& subscription, Activity activity) {
  const auto& [selector, subscriber] = subscription;
  append_member(out, "id", subscription_path(selector, subscriber->id));
  out += R"(,"type":"Subscription",)";
  append_member(out, "topic", selector);
  out += ',';
  append_member(out, "subscriber", subscriber->id);
  out.append(R"(,"active":)").append(activity == Activity::kActive ? "true" : "false");
  if (!subscriber->payload.empty()) out.append(R"(,"payload":)").append(subscriber->payload);
}

}  // namespace

ListedSubscriberPtr make_subscriber(std::vector<std::string> selectors, std::string payload) {
  std::ranges::sort(selectors);
  const auto repeated = std::ranges::unique(selectors);
  selectors.erase(repeated.begin(), repeated.end());
  return std::make_shared<const ListedSubscriber>(random_uuid_urn(), std::move(selectors), std::move(payload));
}

std::string subscriptions_path(std::optional<std::string_view> selector) {
  std::string path(kSubscriptionsPath);
  if (selector) path.append("/").append(url::percent_encode(*selector));
  return path;
}

std::string subscription_path(std::string_view selector, std::string_view subscriber_id) {
  return subscriptions_path(selector).append("/").append(url::percent_encode(subscriber_id));
}

std::string subscription_update(const ActiveSubscription& subscription, Activity activity) {
  std::string json = "{";
  json += kContext;
  append_subscription(json, subscription, activity);
  return json += '}';
}

std::string subscription_document(const ActiveSubscription& subscription, std::string_view last_event_id) {
  std::string json = "{";
  json += kContext;
  append_subscription(json, subscription, Activity::kActive);
  json += ',';
  append_member(json, "lastEventID", last_event_id);
  return json += "}\n";
}

ActiveSubscriptions::ActiveSubscriptions() : process_(random_uuid_urn().substr(kUrnPrefix.size())) {}

void ActiveSubscriptions::add(const ListedSubscriberPtr& subscriber) {
  std::lock_guard lock(mutex_);
  ++changes_;
  for (const auto& selector : subscriber->selectors) subscriptions_.emplace(Key(selector, subscriber->id), subscriber);
}

void ActiveSubscriptions::remove(const ListedSubscriber& subscriber) {
  std::lock_guard lock(mutex_);
  ++changes_;
  for (const auto& selector : subscriber.selectors) subscriptions_.erase(Key(selector, subscriber.id));
}

std::string ActiveSubscriptions::etag() const {
  std::lock_guard lock(mutex_);
  return "W/\"" + process_ + "-" + std::to_string(changes_) + "\"";
}

std::optional<ActiveSubscription> ActiveSubscriptions::find(std::string_view selector,
                                                            std::string_view subscriber_id) const {
  std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(Key(selector, subscriber_id));
  if (found == subscriptions_.end()) return std::nullopt;
  return ActiveSubscription{found->first.first, found->second};
}

std::string ActiveSubscriptions::list(std::optional<std::string_view> selector, std::string_view last_event_id) const {
  std::string json = "{";
  json += kContext;
  append_member(json, "id", subscriptions_path(selector));
  json += R"(,"type":"Subscriptions",)";
  append_member(json, "lastEventID", last_event_id);
  json += R"(,"subscriptions":[)";
  const char* separator = "{";
  std::vector<ActiveSubscription> slice = next_after(selector.value_or(""), "");
  while (!slice.empty()) {
    for (const auto& each : slice) {
      if (selector && each.selector != *selector) return json += "]}\n";
      json += std::exchange(separator, ",{");
      append_subscription(json, each, Activity::kActive);
      json += '}';
    }
    const ActiveSubscription last = slice.back();
    slice = next_after(last.selector, last.subscriber->id);
  }
  return json += "]}\n";
}

// At most kListedAtOnce.
std::vector<ActiveSubscription> ActiveSubscriptions::next_after(std::string_view selector,
                                                                std::string_view subscriber_id) const {
  std::vector<ActiveSubscription> found;
  std::lock_guard lock(mutex_);
  auto next = subscriptions_.upper_bound(Key(selector, subscriber_id));
  for (; next != subscriptions_.end() && found.size() < kListedAtOnce; ++next) {
    found.push_back({next->first.first, next->second});
  }
  return found;
}

}  // namespace fanfare
