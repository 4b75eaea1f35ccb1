#include "fanfare/hub/hub.h"

#include <algorithm>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/event_stream/writer.h"
#include "fanfare/hub/hub_topic.h"

namespace fanfare {
namespace {

// An audience keeps room for so many updates a turn, after a larger turn as well.
constexpr std::size_t kEmittedKept = 4;
// All compressors together take at most such a part of the budget. A new one may grow to so many bytes.
constexpr std::size_t kCompressorShare = 4;
constexpr std::size_t kGroupBytesMost = 600 * 1024;

// Private updates are compressed alone.
bool may_share_a_unit(const Audience& audience, const Emitted& first, const Emitted& next) {
  return !audience.encoder || (!first.is_private && !next.is_private);
}

}  // namespace

Hub::Hub(const Limits& limits, std::size_t budget_bytes, Surroundings surroundings, Position dispatched)
    : limits_(limits),
      budget_bytes_(budget_bytes),
      counters_(surroundings.counters),
      selectors_(limits.compiled_selectors_bytes_max),
      index_(limits, surroundings.off_thread),
      renderer_(holdings_, counters_),
      opening_(RenditionRef::make(own_, event_stream::kComment)),
      catch_up_(*this, surroundings.log, limits_),
      dispatched_(dispatched) {
  for (std::size_t i = 0; i < kWires; ++i) {
    const std::string_view bytes = heartbeat_of(static_cast<Wire>(i));
    if (!bytes.empty()) heartbeats_[i] = RenditionRef::make(own_, bytes);
  }
  FANFARE_CHECK(dispatched != kBeforeAll);  // else a subscriber from now on would never hear of a gap
}

Hub::~Hub() {
  FANFARE_CHECK(audiences_.empty());  // every subscription is gone before its hub
}

std::expected<std::unique_ptr<Subscription>, SelectorError> Hub::subscribe(const SubscribeRequest& request,
                                                                           Outlet& outlet) {
  FANFARE_CHECK(!request.selectors.empty());
  FANFARE_CHECK(request.wire == Wire::kEventStream || request.coding == Coding::kIdentity);
  const auto audience = audience_of(request);
  if (!audience) return std::unexpected(audience.error());

  std::unique_ptr<Subscription> subscription(new Subscription(*this, **audience, outlet, request.framing));
  (*audience)->add(*subscription);
  subscription->seen_ = request.start.from == Start::From::kNow ? dispatched_ : request.start.after;
  subscription->last_bytes_ms_ = now_ms_;
  counters_.subscribers.add();
  counters_.subscribers_total.add();
  if (request.start.from == Start::From::kState) catch_up_.begin_with_state(*subscription);
  if (subscription->may_have_missed(request.start.holes_known_through)) {
    catch_up_.begin_with_holes(*subscription, request.start.holes_known_through);
  }
  if (subscription->seen_ == dispatched_) {
    catch_up_.step(*subscription);
  } else {
    counters_.catch_ups_total.add();
  }
  return subscription;
}

std::expected<Audience*, SelectorError> Hub::audience_of(const SubscribeRequest& request) {
  auto selectors = selectors_.compile(canonical_selectors(request.selectors));
  if (!selectors) return std::unexpected(std::move(selectors.error()));
  auto grants = selectors_.compile(relevant_grants(*selectors, canonical_selectors(request.grants)));
  if (!grants) return std::unexpected(std::move(grants.error()));
  std::string key = audience_key(*selectors, *grants);
  key += static_cast<char>(request.wire);
  key += static_cast<char>(request.coding);
  if (const auto known = audiences_.find(key); known != audiences_.end()) return known->second.get();
  auto filter = std::make_shared<const AudienceFilter>(std::move(*selectors), std::move(*grants));
  std::unique_ptr<AudienceEncoder> encoder;
  if (request.coding != Coding::kIdentity) {
    encoder = std::make_unique<AudienceEncoder>(request.coding, renderer_, compressors_);
  }
  auto audience = std::make_unique<Audience>(key, std::move(filter), holdings_, request.wire, std::move(encoder));
  audience->last_emission_ms = now_ms_;
  index_.add(*audience);
  counters_.audiences.add();
  return audiences_.emplace(std::move(key), std::move(audience)).first->second.get();
}

void Hub::leave(Subscription& subscription) {
  Audience& audience = subscription.audience_;
  catch_up_.forget(subscription);
  subscription.leave_queue();
  if (subscription.piece_) subscription.release_piece();
  audience.remove(subscription);
  counters_.subscribers.subtract();
  if (!audience.subscribers().empty()) return;
  FANFARE_CHECK(audience.emitted.empty() && audience.units.empty());
  index_.remove(audience);
  audiences_.erase(audiences_.find(audience.key()));
  counters_.audiences.subtract();
}

void Hub::dispatch(std::span<const LoggedUpdatePtr> batch) {
  for (const auto& logged : batch) match(*logged);
  for (Audience* audience : emitting_) seal(*audience);
  emitting_.clear();
  renderer_.end_turn();
  catch_up_.on_dispatched();
  keep_budget();
}

void Hub::match(const LoggedUpdate& logged) {
  FANFARE_CHECK(logged.position > dispatched_);
  const Position after = std::exchange(dispatched_, logged.position);
  matches_.clear();
  const bool of_hub = is_hub_topic(logged.update.topics.front());
  if (of_hub) {
    index_.match_hub_topic(matches_);
  } else {
    for (const auto& topic : logged.update.topics) index_.match(topic, matches_);
  }
  std::array<RenditionRef, kWires> renditions;
  for (const auto& list : matches_) {
    for (const auto& entry : list) {
      Audience& audience = *entry.audience;
      if (audience.has_seen(logged.position)) continue;
      audience.mark_seen(logged.position);
      const AudienceFilter& filter = *audience.filter();
      if (of_hub ? !filter.wants(logged.update) : !filter.may_receive(logged.update)) continue;
      RenditionRef& rendition = renditions[static_cast<std::size_t>(audience.wire)];
      if (!rendition) {
        const LoggedUpdatePtr borrowed(LoggedUpdatePtr(), &logged);
        rendition = renderer_.updates(audience.wire, {&borrowed, 1});
      }
      if (audience.emit({rendition, logged.position, logged.update.is_private}, after)) emitting_.push_back(&audience);
    }
  }
}

// Makes units of what the turn emitted. What earlier turns left over gives way first: those who still stand there could
// not take it.
void Hub::seal(Audience& audience) {
  if (audience.units.bytes() > limits_.audience_units_bytes_max) {
    evict(audience, limits_.audience_units_bytes_max / 2);
  }
  const UnitQueue::Seq first = audience.units.end_seq();
  const bool somebody_waits = audience.units.cursors_at_end() > 0;
  Position after = audience.emitted_after;
  std::span<const Emitted> rest = audience.emitted;
  while (!rest.empty()) {
    std::size_t count = 1;
    std::size_t bytes = rest[0].rendition->payload().size();
    while (count < rest.size() && may_share_a_unit(audience, rest[0], rest[count]) &&
           bytes + rest[count].rendition->payload().size() <= limits_.unit_bytes_max) {
      bytes += rest[count++].rendition->payload().size();
    }
    const auto part = rest.first(count);
    push(audience, renderer_.merged(part), part[0].is_private,
         {.after = after, .through = part.back().position, .updates = static_cast<std::uint32_t>(count)});
    after = part.back().position;
    rest = rest.subspan(count);
  }
  audience.emitted.clear();
  if (audience.emitted.capacity() > kEmittedKept) audience.emitted.shrink_to_fit();
  audience.last_emission_ms = now_ms_;
  if (somebody_waits) announce(audience, first);
}

// Adds the unit with the bytes that the audience's coding makes of `plain`.
void Hub::push(Audience& audience, const RenditionRef& plain, bool is_private, Unit unit) {
  if (!audience.encoder) {
    unit.rendition = plain;
  } else if (audience.units.empty() && audience.units.cursors_at_end() == 0) {
    return;  // all are reading the log
  } else {
    audience.encoder->encode(plain, is_private, conditions_of(audience), unit);
  }
  audience.units.push(std::move(unit));
}

AudienceEncoder::Conditions Hub::conditions_of(const Audience& audience) {
  const bool has_group = audience.encoder->has_group();
  const bool is_busy = now_ms_ - audience.last_emission_ms <= limits_.coding_group_idle_ms;
  const bool has_room = compressors_.bytes + (has_group ? 0 : kGroupBytesMost) <= budget_bytes_ / kCompressorShare;
  const std::size_t least = limits_.coding_group_subscribers_min / (has_group ? 2 : 1);
  return {.group = is_busy && has_room && audience.subscribers().size() >= least,
          .now_ms = now_ms_,
          .reset_ms_min = limits_.coding_reset_ms_min};
}

// What catching up gives this subscriber of the log.
RenditionRef Hub::replay(Subscription& subscription, std::span<const LoggedUpdatePtr> updates) {
  const Wire wire = subscription.audience_.wire;
  if (!subscription.coded_) return renderer_.updates(wire, updates);
  CodedStream& coded = *subscription.coded_;
  std::string piece = coded.begin_piece();
  std::string together;  // what may share a context
  const auto add = [&] {
    if (!together.empty()) coded.add_to_piece(renderer_, together, piece);
    together.clear();
  };
  bool is_private = false;
  for (const auto& logged : updates) {
    if (is_private || logged->update.is_private) add();
    is_private = logged->update.is_private;
    renderer_.append_update(wire, logged->update, together);
  }
  add();
  return renderer_.own(piece);
}

RenditionRef Hub::heartbeat_for(Subscription& subscription) {
  const RenditionRef& heartbeat = heartbeats_[static_cast<std::size_t>(subscription.audience_.wire)];
  if (!subscription.coded_) return heartbeat;
  std::string piece = subscription.coded_->begin_piece();
  subscription.coded_->add_to_piece(renderer_, heartbeat->payload(), piece);
  return renderer_.own(piece);
}

RenditionRef Hub::opening(Coding coding) {
  if (coding == Coding::kIdentity) return opening_;
  RenditionRef& opening = openings_[static_cast<std::size_t>(coding)];
  if (!opening) {
    std::string bytes(stream_head(coding));
    renderer_.append_standalone(coding, opening_->payload(), bytes);
    opening = RenditionRef::make(own_, bytes);
  }
  return opening;
}

// Tells the live subscribers who had everything before `seq`; the others have not taken earlier units yet.
void Hub::announce(Audience& audience, UnitQueue::Seq seq) {
  for (Subscription* each : audience.subscribers()) {
    if (each->cursor_ == seq && each->state_ == Subscription::State::kLive) each->outlet_.on_news();
  }
}

// Keeps the newest units up to bytes_max; who stands before them goes to catch-up, or loses the pin.
void Hub::evict(Audience& audience, std::size_t bytes_max) {
  const UnitQueue::Seq keep = audience.units.seq_to_keep(bytes_max);
  if (keep == audience.units.first_seq()) return;
  for (Subscription* each : audience.subscribers()) {
    if (!each->in_queue_ || each->cursor_ >= keep) continue;
    if (each->state_ == Subscription::State::kLive) {
      counters_.evictions_total.add();
      counters_.catch_ups_total.add();
    }
    each->leave_queue();
  }
  FANFARE_CHECK(audience.units.first_seq() >= keep);
}

void Hub::keep_budget() {
  counters_.held_bytes.set(holdings_.bytes);
  if (!over_budget()) return;
  std::vector<Audience*> largest;
  for (const auto& [key, audience] : audiences_) {
    if (!audience->units.empty()) largest.push_back(audience.get());
  }
  std::ranges::sort(largest, std::greater(), [](const Audience* each) { return each->units.bytes(); });
  for (Audience* audience : largest) {
    if (!over_budget()) break;
    evict(*audience, 0);
  }
  std::vector<Subscription*> holders(piece_holders_.begin(), piece_holders_.end());
  for (Subscription* each : holders) {
    if (!over_budget()) break;
    const bool untouched = each->state_ == Subscription::State::kCatchUp && each->piece_offset_ == 0;
    if (untouched && each->piece_->memory_bytes() <= budget_bytes_) {
      each->drop_piece();  // it is read again when its outlet can take it
      continue;
    }
    counters_.resets_total.add();
    each->release_piece();
    each->last_words_.reset();
    catch_up_.forget(*each);
    each->leave_queue();
    each->state_ = Subscription::State::kEnded;
    each->outlet_.on_reset();
  }
  counters_.held_bytes.set(holdings_.bytes);
}

void Hub::dissolve_idle_groups() {
  if (compressors_.bytes > 0) {
    for (const auto& [key, audience] : audiences_) {
      if (audience->encoder && !conditions_of(*audience).group) audience->encoder->dissolve_group();
    }
  }
  counters_.compressor_bytes.set(compressors_.bytes);
}

void Hub::tick(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  for (const auto& [key, audience] : audiences_) {
    const RenditionRef& heartbeat = heartbeats_[static_cast<std::size_t>(audience->wire)];
    const bool is_silent = now_ms - audience->last_emission_ms >= limits_.heartbeat_ms;
    if (!heartbeat || !is_silent || audience->units.cursors_at_end() == 0) continue;
    const UnitQueue::Seq seq = audience->units.end_seq();
    push(*audience, heartbeat, false, {.after = dispatched_, .through = dispatched_, .updates = 0});
    audience->last_emission_ms = now_ms;
    announce(*audience, seq);
  }
  renderer_.end_turn();
  dissolve_idle_groups();
  keep_budget();
  catch_up_.start_waiting();
}

}  // namespace fanfare
