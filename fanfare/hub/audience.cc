#include "fanfare/hub/audience.h"

#include "fanfare/base/check.h"
#include "fanfare/hub/subscription.h"

namespace fanfare {

void Audience::add(Subscription& subscription) {
  subscription.index_in_audience_ = static_cast<std::uint32_t>(subscribers_.size());
  subscribers_.push_back(&subscription);
}

void Audience::remove(Subscription& subscription) {
  const std::uint32_t index = subscription.index_in_audience_;
  FANFARE_CHECK(index < subscribers_.size() && subscribers_[index] == &subscription);
  subscribers_[index] = subscribers_.back();
  subscribers_[index]->index_in_audience_ = index;
  subscribers_.pop_back();
}

bool Audience::emit(Emitted update, Position after) {
  const bool first = emitted.empty();
  if (first) emitted_after = after;
  emitted.push_back(std::move(update));
  return first;
}

UnitQueue::Seq Audience::enter() {
  units.enter();
  if (encoder) encoder->on_enter();
  return units.end_seq();
}

const CodedPlace& Audience::place_of(UnitQueue::Seq seq) const {
  return seq < units.end_seq() ? units.at(seq).place : encoder->place();
}

}  // namespace fanfare
