#include "testing/simulated_subscriber.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fanfare::simulation {
namespace {

Position start_of(const SubscribeRequest& request, Position dispatched) {
  return request.start.from == Start::From::kNow ? dispatched : request.start.after;
}

bool is_from_earliest(const SubscribeRequest& request) {
  return request.start.from != Start::From::kNow && request.start.after == kBeforeAll;
}

// The event-stream bytes of a slice: what stands between a chunk's head and tail, or all.
std::string_view payload_of(std::string_view slice, Framing framing) {
  if (framing == Framing::kBare) return slice;
  const std::size_t head = slice.find("\r\n") + 2;
  return slice.substr(head, slice.size() - head - 2);
}

}  // namespace

SimulatedSubscriber::SimulatedSubscriber(SubscribeRequest request, Pace pace, Position dispatched,
                                         const HistoryModel& history, Judge& judge)
    : request_(std::move(request)),
      pace_(pace),
      history_(history),
      judge_(judge),
      state_as_of_(request_.start.from == Start::From::kState ? dispatched : kBeforeAll),
      reader_(request_.framing, request_.coding),
      next_(history.index_after(start_of(request_, dispatched))),
      seen_(next_) {}

void SimulatedSubscriber::attach(std::unique_ptr<Subscription> subscription, const RenditionRef& opening) {
  subscription_ = std::move(subscription);
  receive(request_.framing == Framing::kChunked ? opening->framed() : opening->payload());
}

bool SimulatedSubscriber::expects(const Published& published) const {
  const auto may_receive = [this](const Update& update) {
    return should_receive(request_.selectors, request_.grants, update);
  };
  if (!may_receive(published.update)) return false;
  if (published.position > state_as_of_) return true;
  // Of the state: no later update of some topic of it, up to then, would be received too.
  const auto& all = history_.updates();
  const std::span later(all.begin() + static_cast<std::ptrdiff_t>(history_.index_after(published.position)),
                        all.begin() + static_cast<std::ptrdiff_t>(history_.index_after(state_as_of_)));
  return std::ranges::any_of(published.update.topics, [&](const std::string& topic) {
    const auto is_later_of_topic = [&](const Published& other) {
      return std::ranges::find(other.update.topics, topic) != other.update.topics.end() && may_receive(other.update);
    };
    return should_receive(request_.selectors, {},
                          {.topics = {topic}, .data = {}, .id = {}, .type = {}, .retry_ms = {}}) &&
           std::ranges::none_of(later, is_later_of_topic);
  });
}

void SimulatedSubscriber::on_news() {
  judge_.require(is_open(), "no news after the end");
  may_pull_ = true;
}

void SimulatedSubscriber::on_reset() {
  judge_.require(is_open(), "a stream ends once");
  was_reset_ = true;
}

void SimulatedSubscriber::on_end(StreamEnd end) {
  if (is_keeping_) {
    end_meanwhile_ = end;
  } else {
    judge_end(end);
  }
}

void SimulatedSubscriber::judge_end(StreamEnd end) {
  judge_.require(is_open(), "a stream ends once");
  judge_.require(reader_.has_ended(), "a stream that is ended is whole");
  end_ = end;
  switch (end) {
    case StreamEnd::kGap:
      // A coded stream that has a gap still has its end to send, and may be finished meanwhile.
      judge_.require(!last_words_ || request_.coding != Coding::kIdentity, "a finished stream has no gap");
      judge_gap();
      break;
    case StreamEnd::kLogFailed:
      judge_.require(log_may_fail_, "no log has failed");
      break;
    case StreamEnd::kFinished:
      judge_.require(last_words_.has_value(), "nobody has finished this stream");
      judge_.require(last_words_ == 0 || reader_.retry_ms() == last_words_, "the last words come last");
      break;
  }
}

// A gap is only what the log has dropped behind what the subscriber has for certain.
void SimulatedSubscriber::judge_gap() const {
  judge_.require(history_.oldest_held() > seen_, "a gap is said only where the log has dropped something");
}

void SimulatedSubscriber::finish(std::string_view last_words) {
  if (!last_words_) {
    last_words_ = 0;
    if (last_words.starts_with("retry: ")) {
      std::from_chars(last_words.data() + 7, last_words.data() + last_words.size(), *last_words_);
    }
  }
  subscription_->finish(last_words);
}

std::size_t SimulatedSubscriber::take(std::size_t bytes_max, std::size_t slices_max) {
  if (!may_pull_) return 0;
  if (keeps()) return keep(bytes_max);
  std::vector<std::string_view> slices(slices_max);
  slices.resize(subscription_->pull(slices));
  if (slices.empty()) {
    may_pull_ = false;
    return 0;
  }
  judge_.require(is_open(), "nothing can be pulled after the end");
  note_units(slices);
  std::size_t offered = 0;
  std::size_t taken = 0;
  for (const auto& slice : slices) {
    offered += slice.size();
    const std::size_t part = std::min(slice.size(), bytes_max - taken);
    receive(slice.substr(0, part));
    taken += part;
  }
  if (taken == 0) return 0;
  std::size_t end = 0;
  const bool cut = std::ranges::none_of(slices, [&](const auto& slice) { return (end += slice.size()) == taken; });
  at_slice_begin_ = !cut;
  const bool more = subscription_->advance(taken);
  if (taken == offered) may_pull_ = more;
  return taken;
}

std::size_t SimulatedSubscriber::keep(std::size_t bytes_max) {
  std::vector<HeldBytes> kept;
  is_keeping_ = true;
  may_pull_ = false;  // unless there is news meanwhile
  const auto [bytes, may_have_more] = subscription_->take(bytes_max, kept);
  is_keeping_ = false;
  std::size_t given = 0;
  for (const HeldBytes& each : kept) {
    receive(each.bytes);
    given += each.bytes.size();
  }
  judge_.require(given == bytes && bytes <= bytes_max,
                 "what is given is what was said, and no more than was asked for");
  if (end_meanwhile_) judge_end(*std::exchange(end_meanwhile_, std::nullopt));
  may_pull_ |= may_have_more;
  return bytes;
}

void SimulatedSubscriber::take_everything() {
  while (is_open() && take(1 << 30, 4) > 0) {
  }
}

void SimulatedSubscriber::note_units(std::span<const std::string_view> slices) {
  if (!at_slice_begin_) slices = slices.subspan(1);
  for (const auto& slice : slices) {
    const std::string_view payload = payload_of(slice, request_.framing);
    seen_units_.push_back({std::string(payload), payload.data()});
  }
}

void SimulatedSubscriber::receive(std::string_view bytes) {
  const std::string fault = reader_.feed(bytes);
  judge_.require(fault.empty(), fault);
  for (const auto& event : reader_.take_events()) judge_event(event);
}

void SimulatedSubscriber::judge_event(const ReceivedEvent& event) {
  std::size_t serial = 0;
  std::from_chars(event.data.data(), event.data.data() + event.data.size(), serial);
  const auto& all = history_.updates();
  if (serial >= all.size()) return judge_.require(false, "an event that nobody has published: " + event.data);
  judge_.require(serial >= next_, "no update comes twice or out of order: " + event.data);
  judge_.require(expects(all[serial]), "only what the subscriber may receive comes: " + event.data);
  const std::size_t oldest = received_ == 0 && is_from_earliest(request_) ? history_.oldest_held() : 0;
  for (std::size_t i = next_; i < serial; ++i) {
    judge_.require(i < oldest || !expects(all[i]), "no update is skipped: " + std::to_string(i));
  }
  const Update& update = all[serial].update;
  judge_.require(event.data == update.data && event.id == update.id &&
                     event.type == (update.type.empty() ? "message" : update.type),
                 "an event is what was published: " + event.data);
  next_ = serial + 1;
  seen_ = next_;
  ++received_;
}

bool SimulatedSubscriber::has_everything_through(Position position) const {
  const auto& all = history_.updates();
  const std::size_t end = history_.index_after(position);
  const std::size_t oldest = received_ == 0 && is_from_earliest(request_) ? history_.oldest_held() : 0;
  for (std::size_t i = std::max(next_, oldest); i < end; ++i) {
    if (expects(all[i])) return false;
  }
  return true;
}

}  // namespace fanfare::simulation
