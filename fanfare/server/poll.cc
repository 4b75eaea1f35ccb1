#include "fanfare/server/poll.h"

#include <utility>
#include <vector>

#include "fanfare/base/json_string.h"
#include "fanfare/server/shard.h"

namespace fanfare {

Poll::Poll(Shard& shard, std::uint64_t token, Place place)
    : shard_(shard), token_(token), place_(std::move(place)), soon_(*shard.loop()), until_(*shard.loop()) {}

Poll::~Poll() = default;

void Poll::begin(std::unique_ptr<Subscription> subscription, http::ResponseHead head, std::uint64_t wait_ms) {
  subscription_ = std::move(subscription);
  head_ = std::move(head);
  until_.start(std::chrono::milliseconds(wait_ms), [this] {
    is_due_ = true;
    step();
  });
  step_later();
}

// What comes from inside the hub is looked at afterwards.
void Poll::on_news() {
  step_later();
}

void Poll::on_end(StreamEnd end) {
  is_over_ = true;
  has_failed_ = end == StreamEnd::kLogFailed;
  step_later();
}

void Poll::on_reset() {
  is_over_ = true;
  has_failed_ = true;
  step_later();
}

void Poll::step_later() {
  soon_.start(std::chrono::milliseconds(0), [this] { step(); });
}

void Poll::on_drain() {
  take();
  answer();
}

void Poll::step() {
  take();
  // Who has not got all that the log holds is not told that there is nothing.
  const bool has_all = is_due_ && subscription_->is_live();
  if (!updates_.empty() || is_over_ || has_all) answer();
}

// Whole units: an update that is begun is taken to its end.
void Poll::take() {
  std::vector<HeldBytes> held;
  bool may_have_more = !is_over_;
  while (may_have_more && updates_.size() < shard_.limits().poll_bytes_max) {
    held.clear();
    may_have_more = subscription_->take(shard_.limits().poll_bytes_max, held).may_have_more;
    if (!subscription_->is_between_units()) subscription_->take(subscription_->unit_rest(), held);
    for (const HeldBytes& each : held) updates_ += each.bytes;
  }
}

void Poll::answer() {
  Exchange* const exchange = shard_.find(token_);
  if (exchange == nullptr) return;
  if (has_failed_ && updates_.empty()) {
    exchange->respond(http::retry_response(503, "the event log cannot be read now", shard_.limits().retry_after_s));
    return;
  }
  http::Response response{.status = 200, .headers = std::move(head_.headers), .body = R"({"lastEventID":)"};
  append_json_string(response.body, shard_.id_of(subscription_->seen()));
  if (updates_.ends_with(',')) updates_.pop_back();
  response.body.append(R"(,"updates":[)").append(updates_).append("]}");
  exchange->respond(std::move(response));  // and this object is gone
}

}  // namespace fanfare
