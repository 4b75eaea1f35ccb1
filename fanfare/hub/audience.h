// All subscribers of a shard with the same topic selectors, the same grants and the same form on the wire: updates are
// matched against it, never against its subscribers. It holds the units that some of them have yet to take.
// What it is not: it knows neither the log nor sockets. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fanfare/hub/audience_encoder.h"
#include "fanfare/hub/selector.h"
#include "fanfare/hub/unit_queue.h"

namespace fanfare {

class Subscription;

class Audience {
 public:
  // The encoder: none for identity.
  Audience(std::string key, std::shared_ptr<const AudienceFilter> filter, Holdings& holdings,
           Wire its_wire = Wire::kEventStream, std::unique_ptr<AudienceEncoder> its_encoder = nullptr)
      : units(holdings),
        encoder(std::move(its_encoder)),
        wire(its_wire),
        key_(std::move(key)),
        filter_(std::move(filter)) {}

  const std::string& key() const { return key_; }
  const std::shared_ptr<const AudienceFilter>& filter() const { return filter_; }

  // Its subscribers, in no order; each knows its index.
  const std::vector<Subscription*>& subscribers() const { return subscribers_; }
  void add(Subscription& subscription);
  void remove(Subscription& subscription);

  // The current turn: an update of this audience, whose predecessor in the log (of all updates) is `after`.
  // Returns whether it is the first of the turn.
  bool emit(Emitted update, Position after);
  // Whether the update at this position has been looked at already (it matches by several topics).
  bool has_seen(Position position) const { return last_position_ == position; }
  void mark_seen(Position position) { last_position_ = position; }

  // What the turn emitted, in order; empty between turns. The hub makes units of it (seal in hub.cc).
  std::vector<Emitted> emitted;
  Position emitted_after = kBeforeAll;

  // A cursor is placed at the end of the queue; the place of a cursor, or of the end, in the coded stream.
  UnitQueue::Seq enter();
  const CodedPlace& place_of(UnitQueue::Seq seq) const;

  UnitQueue units;
  const std::unique_ptr<AudienceEncoder> encoder;
  const Wire wire;
  std::uint64_t last_emission_ms = 0;
  // Where it stands in the topic index, one slot for each of its selectors (topic_index.h).
  std::vector<std::uint32_t> index_slots;

 private:
  const std::string key_;
  const std::shared_ptr<const AudienceFilter> filter_;
  std::vector<Subscription*> subscribers_;
  Position last_position_ = kBeforeAll;
};

}  // namespace fanfare
