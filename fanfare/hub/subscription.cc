#include "fanfare/hub/subscription.h"

#include <algorithm>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/hub/audience.h"
#include "fanfare/hub/coded_stream.h"
#include "fanfare/hub/hub.h"

namespace fanfare {

Subscription::Subscription(Hub& hub, Audience& audience, Outlet& outlet, Framing framing)
    : hub_(hub), audience_(audience), outlet_(outlet), framing_(framing) {
  if (audience.encoder) {
    coded_ = std::make_unique<CodedStream>(audience.encoder->coding(), hub.opening_->payload());
  }
}

Subscription::~Subscription() {
  hub_.leave(*this);
}

const RenditionRef& Subscription::form_for(const Unit& unit, bool& in_step) {
  in_step |= unit.joinable;
  const RenditionRef& form = in_step ? unit.rendition : unit.alone;
  FANFARE_CHECK(form);
  return form;
}

bool Subscription::may_have_missed(Position transient) const {
  return seen_ != kBeforeAll && seen_ < transient && audience_.filter()->may_want_transient();
}

Position Subscription::seen() const {
  if (state_ != State::kLive || piece_) return seen_;
  const UnitQueue& units = audience_.units;
  return std::max(seen_, cursor_ < units.end_seq() ? units.at(cursor_).after : hub_.dispatched_);
}

std::size_t Subscription::unit_rest() const {
  return is_between_units() ? 0 : bytes_of(piece_).size() - piece_offset_;
}

std::size_t Subscription::pull(std::span<std::string_view> slices) {
  if (!piece_ && state_ == State::kCatchUp) hub_.catch_up_.step(*this);
  std::size_t count = 0;
  if (piece_) slices[count++] = bytes_of(piece_).substr(piece_offset_);
  if (state_ != State::kLive) return count;
  const UnitQueue& units = audience_.units;
  const UnitQueue::Seq end = units.end_seq();
  bool in_step = in_step_;
  for (UnitQueue::Seq seq = cursor_ + count; seq < end && count < slices.size(); ++seq) {
    slices[count++] = bytes_of(form_for(units.at(seq), in_step));
  }
  return count;
}

Subscription::Taken Subscription::take(std::size_t bytes_max, std::vector<HeldBytes>& into) {
  if (bytes_max == 0) return {.bytes = 0, .may_have_more = true};
  if (!piece_ && state_ == State::kCatchUp) hub_.catch_up_.step(*this);
  Taken taken;
  const auto add = [&](const RenditionRef& rendition, std::size_t offset) {
    const std::string_view bytes = bytes_of(rendition).substr(offset, bytes_max - taken.bytes);
    into.push_back({rendition, bytes});
    taken.bytes += bytes.size();
  };
  if (piece_) add(piece_, piece_offset_);
  if (state_ == State::kLive) {
    const UnitQueue& units = audience_.units;
    const UnitQueue::Seq end = units.end_seq();
    bool in_step = in_step_;
    for (UnitQueue::Seq seq = cursor_ + (piece_ ? 1 : 0); seq < end && taken.bytes < bytes_max; ++seq) {
      add(form_for(units.at(seq), in_step), 0);
    }
  }
  if (taken.bytes > 0) taken.may_have_more = advance(taken.bytes) || piece_;
  return taken;
}

bool Subscription::advance(std::size_t bytes) {
  return state_ == State::kLive ? advance_live(bytes) : advance_piece(bytes);
}

bool Subscription::advance_live(std::size_t bytes) {
  UnitQueue& units = audience_.units;
  const UnitQueue::Seq from = cursor_;
  std::uint64_t delivered = 0;
  std::size_t offset = piece_offset_;
  while (bytes > 0) {
    const Unit& unit = units.at(cursor_);
    const RenditionRef& rendition = form_for(unit, in_step_);
    const std::size_t rest = bytes_of(rendition).size() - offset;
    if (bytes < rest) {
      hold_piece(rendition, offset + bytes, unit.through, unit.updates);
      break;
    }
    bytes -= rest;
    offset = 0;
    FANFARE_CHECK(unit.through >= seen_);
    seen_ = unit.through;
    delivered += unit.updates;
    ++cursor_;
    if (piece_) release_piece();
  }
  if (cursor_ != from) units.move(from, cursor_);
  if (delivered > 0) hub_.counters_.deliveries_total.add(delivered);
  return cursor_ < units.end_seq() && !piece_;
}

bool Subscription::advance_piece(std::size_t bytes) {
  FANFARE_CHECK(piece_);
  const std::size_t end = piece_offset_ + bytes;
  const std::size_t size = bytes_of(piece_).size();
  FANFARE_CHECK(end <= size);
  if (end < size) {
    hold_piece(piece_, end, piece_through_, piece_updates_);
    return false;
  }
  FANFARE_CHECK(piece_through_ >= seen_);
  seen_ = piece_through_;
  hub_.counters_.deliveries_total.add(piece_updates_);
  release_piece();
  if (state_ == State::kCatchUp) {
    if (coded_) coded_->keep_piece();
    return true;
  }
  if (last_words_) {
    hold_piece(std::exchange(last_words_, {}), 0, seen_, 0);
    return true;
  }
  state_ = State::kEnded;
  outlet_.on_end(end_);
  return false;
}

void Subscription::conclude(StreamEnd end, std::string_view last_words) {
  if (state_ == State::kFinishing || state_ == State::kEnded) return;
  hub_.catch_up_.forget(*this);
  leave_queue();
  state_ = State::kFinishing;
  end_ = end;
  if (piece_ && piece_offset_ == 0) drop_piece();
  if (coded_) coded_->keep_piece();
  if (audience_.wire != Wire::kEventStream) last_words = {};
  const std::string bytes = coded_ ? coded_->end(hub_.renderer_, last_words) : std::string(last_words);
  RenditionRef words;
  if (!bytes.empty()) words = hub_.renderer_.own(bytes);
  if (piece_) {
    last_words_ = std::move(words);
  } else if (words) {
    hold_piece(std::move(words), 0, seen_, 0);
    outlet_.on_news();
  } else {
    state_ = State::kEnded;
    outlet_.on_end(end);
    return;
  }
  hub_.keep_budget();
}

void Subscription::hold_piece(RenditionRef piece, std::size_t offset, Position through, std::uint32_t updates) {
  if (!piece_) {
    piece_holder_ = hub_.piece_holders_.insert(hub_.piece_holders_.end(), this);
  } else {
    hub_.piece_holders_.splice(hub_.piece_holders_.end(), hub_.piece_holders_, piece_holder_);
  }
  piece_ = std::move(piece);
  piece_offset_ = static_cast<std::uint32_t>(offset);
  piece_through_ = through;
  piece_updates_ = updates;
}

void Subscription::release_piece() {
  hub_.piece_holders_.erase(piece_holder_);
  piece_.reset();
  piece_offset_ = 0;
}

void Subscription::drop_piece() {
  release_piece();
  if (coded_) coded_->drop_piece();
}

void Subscription::enter_queue() {
  cursor_ = audience_.enter();
  in_queue_ = true;
  in_step_ = false;
}

bool Subscription::attach() {
  if (coded_ && coded_->owes_exit()) {
    hold_piece(hub_.renderer_.own(coded_->begin_piece()), 0, seen_, 0);
    return false;
  }
  if (coded_) coded_->attach(audience_.place_of(cursor_));
  state_ = State::kLive;
  return true;
}

void Subscription::leave_queue() {
  if (!in_queue_) return;
  UnitQueue& units = audience_.units;
  if (state_ == State::kLive) {
    // A unit that is begun will be sent to its end.
    if (coded_) coded_->detach(audience_.place_of(cursor_ + (piece_ ? 1 : 0)), in_step_);
    // All that the audience got before the unit at the cursor has been sent.
    seen_ = std::max(seen_, cursor_ < units.end_seq() ? units.at(cursor_).after : hub_.dispatched_);
    state_ = State::kCatchUp;
  }
  in_queue_ = false;
  units.leave(cursor_);
}

}  // namespace fanfare
