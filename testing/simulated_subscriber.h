// One subscriber of the simulation: keeps the outlet's order of calls (subscription.h), takes bytes at its own pace,
// reads them back into events, and judges each against what was published. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/hub/hub.h"
#include "testing/history_model.h"
#include "testing/stream_reader.h"

namespace fanfare::simulation {

// Keeps the first rule that was broken.
class Judge {
 public:
  void require(bool kept, std::string_view rule) {
    if (!kept && verdict_.empty()) verdict_ = rule;
  }
  bool content() const { return verdict_.empty(); }
  const std::string& verdict() const { return verdict_; }

 private:
  std::string verdict_;
};

enum class Pace { kFast, kSlow, kStalled };

class SimulatedSubscriber final : public Outlet {
 public:
  // request.start is where it begins in the model too; dispatched: the hub's position now. history and judge are
  // borrowed.
  SimulatedSubscriber(SubscribeRequest request, Pace pace, Position dispatched, const HistoryModel& history,
                      Judge& judge);

  // The subscription belongs to this outlet from now on; its stream begins with the opening.
  void attach(std::unique_ptr<Subscription> subscription, const RenditionRef& opening);
  const SubscribeRequest& request() const { return request_; }
  Pace pace() const { return pace_; }
  bool is_open() const { return !end_ && !was_reset_; }
  bool was_reset() const { return was_reset_; }
  std::optional<StreamEnd> end() const { return end_; }
  bool is_live() const { return subscription_->is_live(); }
  bool has_received_an_event() const { return received_ > 0; }
  std::size_t events_received() const { return received_; }

  // The socket has room for so many bytes, and the connection writes at most so many slices at once. Does nothing while
  // the outlet waits for news. Returns the bytes taken.
  std::size_t take(std::size_t bytes_max, std::size_t slices_max);
  void take_everything();
  void finish(std::string_view last_words);
  // An injected failure of the log may end it.
  void allow_log_failure() { log_may_fail_ = true; }

  // Whether it has all that it should have of the updates up to this position.
  bool has_everything_through(Position position) const;
  // A slice that the last take saw first: its payload and where that lies in memory.
  struct SeenUnit {
    std::string text;
    const char* place;
  };
  std::vector<SeenUnit> take_seen_units() { return std::exchange(seen_units_, {}); }

  void on_news() override;
  void on_end(StreamEnd end) override;
  void on_reset() override;

 private:
  bool expects(const Published& published) const;
  // Of those whose selectors are even in number: they keep what they are given, as a connection of HTTP/2 does.
  bool keeps() const { return request_.framing == Framing::kBare && request_.selectors.size() % 2 == 0; }
  std::size_t keep(std::size_t bytes_max);
  void judge_end(StreamEnd end);
  void receive(std::string_view bytes);
  void judge_event(const ReceivedEvent& event);
  void judge_gap() const;
  void note_units(std::span<const std::string_view> slices);

  const SubscribeRequest request_;
  const Pace pace_;
  const HistoryModel& history_;
  Judge& judge_;
  const Position state_as_of_;  // up to there it is given the state only; kBeforeAll: everything
  StreamReader reader_;
  std::size_t next_;  // the first update of the history that it has not been given or passed over
  std::size_t seen_;  // the first that it cannot have missed, for the judgement of gaps
  std::size_t received_ = 0;
  bool may_pull_ = true;  // else it waits for news
  bool log_may_fail_ = false;
  bool was_reset_ = false;
  bool at_slice_begin_ = true;
  std::optional<std::uint64_t> last_words_;  // finish() was called; the retry field that must come last, or 0
  std::optional<StreamEnd> end_;
  bool is_keeping_ = false;                 // Subscription::take is on the stack
  std::optional<StreamEnd> end_meanwhile_;  // … what it brings is judged after the bytes that it gives
  std::vector<SeenUnit> seen_units_;
  std::unique_ptr<Subscription> subscription_;  // last: it leaves its audience first
};

}  // namespace fanfare::simulation
