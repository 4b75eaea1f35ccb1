#include "fanfare/server/subscription_announcer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

constexpr std::size_t kChangesAtOnce = 256;
constexpr std::chrono::milliseconds kRetryOverfull{2};
constexpr std::chrono::milliseconds kRetryFailed{1'000};

}  // namespace

SubscriptionAnnouncer::Presence::Presence(SubscriptionAnnouncer& announcer, ListedSubscriberPtr subscriber)
    : announcer_(announcer), subscriber_(std::move(subscriber)) {
  announcer_.note(subscriber_, Activity::kActive);
}

SubscriptionAnnouncer::Presence::~Presence() {
  announcer_.note(subscriber_, Activity::kEnded);
}

SubscriptionAnnouncer::SubscriptionAnnouncer(Shard& shard) : shard_(shard), retry_timer_(*shard.loop()) {}

std::unique_ptr<Presence> SubscriptionAnnouncer::join(ListedSubscriberPtr subscriber) {
  return std::make_unique<Presence>(*this, std::move(subscriber));
}

// The list changes before the log does: who reads the list and then goes on from an id that the log had before misses
// no change, and is told of some twice.
void SubscriptionAnnouncer::note(const ListedSubscriberPtr& subscriber, Activity activity) {
  ActiveSubscriptions& all = shard_.shared().active_subscriptions;
  activity == Activity::kActive ? all.add(subscriber) : all.remove(*subscriber);
  if (shard_.is_draining()) return;  // all of them end, and their watchers too
  for (std::uint32_t i = 0; i < subscriber->selectors.size(); ++i) {
    if (waiting_.size() >= shard_.limits().announcements_max) {
      if (!std::exchange(has_dropped_, true)) {
        shard_.shared().log.write(LogLevel::kError, "subscription_announcements_dropped",
                                  {{"reason", "more wait for the event log than announcements_max"}});
      }
      break;
    }
    waiting_.push_back({subscriber, i, activity});
  }
  if (!waiting_.empty()) post_publishing();
}

void SubscriptionAnnouncer::post_publishing() {
  if (std::exchange(is_publishing_, true)) return;
  shard_.loop()->post([this] { publish(); });
}

void SubscriptionAnnouncer::publish() {
  if (shard_.shared().overfull_feeds > 0) {
    retry_timer_.start(kRetryOverfull, [this] { publish(); });
    return;
  }
  std::vector<Update> updates;
  const std::size_t count = std::min(waiting_.size(), kChangesAtOnce);
  for (std::size_t i = 0; i < count; ++i) updates.push_back(update_of(waiting_[i]));
  shard_.shared().history.append_all(
      std::move(updates), [this, count, loop = shard_.loop()](Result<std::vector<Appended>> appended) {
        loop->post([this, count, appended = std::move(appended)] { on_appended(count, appended); });
      });
}

void SubscriptionAnnouncer::on_appended(std::size_t changes, const Result<std::vector<Appended>>& appended) {
  if (!appended) {
    if (!std::exchange(has_failed_, true)) {
      shard_.shared().log.write(LogLevel::kWarning, "subscription_announcements_wait",
                                {{"reason", appended.error().message}});
    }
    retry_timer_.start(kRetryFailed, [this] { publish(); });
    return;
  }
  has_failed_ = false;
  has_dropped_ = false;
  is_publishing_ = false;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(changes));
  if (!waiting_.empty()) post_publishing();
}

Update SubscriptionAnnouncer::update_of(const Change& change) const {
  const ActiveSubscription subscription{change.subscriber->selectors[change.selector], change.subscriber};
  Update update;
  update.topics = {subscription_path(subscription.selector, subscription.subscriber->id)};
  update.data = subscription_update(subscription, change.activity);
  update.is_private = true;
  update.is_transient = !shard_.shared().options.store_subscriptions;
  return update;
}

}  // namespace fanfare
