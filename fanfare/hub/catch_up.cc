#include "fanfare/hub/catch_up.h"

#include <algorithm>

#include "fanfare/base/check.h"
#include "fanfare/hub/hub.h"

namespace fanfare {

void CatchUp::step(Subscription& subscription) {
  FANFARE_CHECK(subscription.state_ == Subscription::State::kCatchUp && !subscription.piece_);
  if (subscription.reading_) return;
  if (subscription.seen_ > hub_.dispatched_) {
    subscription.reading_ = true;
    ahead_.push_back(&subscription);
    return;
  }
  if (!subscription.in_queue_) {
    subscription.target_ = hub_.dispatched_;
    subscription.enter_queue();
  }
  if (subscription.seen_ < subscription.target_) {
    want_read(subscription);
    return;
  }
  FANFARE_CHECK(subscription.seen_ == subscription.target_);
  subscription.attach();
}

void CatchUp::want_read(Subscription& subscription) {
  subscription.reading_ = true;
  subscription.read_token_ = next_token_++;
  reading_.emplace(subscription.read_token_, &subscription);
  waiting_.push_back(subscription.read_token_);
  start_waiting();
}

void CatchUp::start_waiting() {
  while (!waiting_.empty() && reads_in_flight_ < limits_.catch_up_reads_max && !hub_.over_budget()) {
    const auto next = reading_.find(waiting_.front());
    waiting_.pop_front();
    if (next != reading_.end()) start_read(*next->second);
  }
}

void CatchUp::start_read(Subscription& subscription) {
  ReadRequest request{.after = subscription.seen_,
                      .through = subscription.target_,
                      .filter = subscription.audience_.filter(),
                      .bytes_max = limits_.catch_up_read_bytes_max,
                      .scan_updates_max = limits_.catch_up_scan_updates_max};
  if (const auto state = wants_state_.find(&subscription); state != wants_state_.end()) {
    if (subscription.seen_ < state->second) {
      request.through = std::min(request.through, state->second);
      request.state_as_of = state->second;
    } else {
      wants_state_.erase(state);
    }
  }
  if (const auto holes = knows_holes_.find(&subscription); holes != knows_holes_.end()) {
    request.holes_known_through = holes->second;
    if (subscription.seen_ >= holes->second) knows_holes_.erase(holes);
  }
  ++reads_in_flight_;
  source_.read_after(std::move(request), [this, token = subscription.read_token_](Result<ReadResult> result) {
    on_read(token, std::move(result));
  });
}

void CatchUp::begin_with_state(const Subscription& subscription) {
  wants_state_.emplace(&subscription, hub_.dispatched_);
}

void CatchUp::begin_with_holes(const Subscription& subscription, Position through) {
  knows_holes_.emplace(&subscription, through);
}

void CatchUp::on_read(std::uint64_t token, Result<ReadResult> result) {
  --reads_in_flight_;
  if (const auto found = reading_.find(token); found != reading_.end()) {
    Subscription& subscription = *found->second;
    reading_.erase(found);
    subscription.reading_ = false;
    if (!result || result->gap) {
      subscription.conclude(result ? StreamEnd::kGap : StreamEnd::kLogFailed, {});
    } else {
      take(subscription, *result);
    }
  }
  hub_.keep_budget();
  start_waiting();
}

void CatchUp::take(Subscription& subscription, const ReadResult& result) {
  FANFARE_CHECK(result.read_through >= subscription.seen_ && result.read_through <= subscription.target_);
  const bool silent = hub_.now_ms_ - subscription.last_bytes_ms_ >= limits_.heartbeat_ms;
  if (!result.updates.empty()) {
    FANFARE_CHECK(result.updates.front()->position > subscription.seen_);
    subscription.hold_piece(hub_.replay(subscription, result.updates), 0, result.read_through,
                            static_cast<std::uint32_t>(result.updates.size()));
  } else if (RenditionRef heartbeat; silent && (heartbeat = hub_.heartbeat_for(subscription))) {
    subscription.hold_piece(std::move(heartbeat), 0, result.read_through, 0);
  } else {
    subscription.seen_ = result.read_through;
  }
  if (subscription.piece_) subscription.last_bytes_ms_ = hub_.now_ms_;
  subscription.outlet_.on_news();
}

void CatchUp::forget(Subscription& subscription) {
  wants_state_.erase(&subscription);
  knows_holes_.erase(&subscription);
  if (!subscription.reading_) return;
  subscription.reading_ = false;
  if (reading_.erase(subscription.read_token_) == 0) std::erase(ahead_, &subscription);
}

void CatchUp::on_dispatched() {
  const auto behind =
      std::ranges::partition(ahead_, [&](const Subscription* each) { return each->seen_ > hub_.dispatched_; });
  const std::vector<Subscription*> ready(behind.begin(), behind.end());
  ahead_.erase(behind.begin(), behind.end());
  for (Subscription* each : ready) {
    each->reading_ = false;
    each->outlet_.on_news();
  }
}

}  // namespace fanfare
