#include "testing/coding/splices.h"

#include <deque>
#include <iterator>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "fanfare/coding/group_encoder.h"
#include "fanfare/coding/received_sum.h"
#include "testing/coding/decoder.h"

namespace fanfare::coding_testing {
namespace {

// Which pieces a subscriber gets.
enum class Form { kStandalone, kShared };

// How an audience makes its shared pieces.
enum class Mode { kGroup, kPrimed };

// A boundary between two units.
struct Place {
  PlainSum sum;
  ZstdFrame frame;
  bool may_attach;
};

struct Unit {
  Place before;
  std::string plain;
  std::string standalone;
  std::string shared;
};

struct Subscriber {
  explicit Subscriber(Coding coding) : received(coding), decoder(make_decoder(coding)) {}

  ReceivedSum received;
  Form form = Form::kStandalone;
  std::uint64_t cursor = 0;
  std::string wire;      // all that was sent
  std::string expected;  // what it should decode to
  std::string decoded;   // what has come out as it arrived
  std::unique_ptr<Decoder> decoder;
};

std::string json_event(std::minstd_rand& random) {
  static constexpr const char* kSymbols[] = {"ACME", "GLOBEX", "INITECH", "HOOLI", "UMBRELLA"};
  return "data: {\"symbol\":\"" + std::string(kSymbols[random() % 5]) +
         "\",\"price\":" + std::to_string(random() % 1000) + ",\"volume\":" + std::to_string(random() % 100'000) +
         ",\"side\":\"" + (random() % 2 ? "buy" : "sell") + "\"}\n\n";
}

// Words of brotli's static dictionary, which pieces must not refer to: it begins where the reader's window ends.
std::string prose(std::minstd_rand& random, std::size_t words) {
  static constexpr const char* kWords[] = {"time",       "down",        "left",        "back",         "data",
                                           "only",       "open",        "just",        "more",         "from",
                                           "government", "information", "description", "introduction", "javascript",
                                           "background", "conference",  "university",  "development",  "international"};
  std::string text = "data:";
  for (; words > 0; --words) text.append(" ").append(kWords[random() % std::size(kWords)]);
  return text.append("\n\n");
}

std::string noise(std::minstd_rand& random, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text.push_back(static_cast<char>(random() >> 8));
  return text;
}

std::string make_plain(Choices& choices) {
  const std::uint32_t kind = choices.below(16);
  std::minstd_rand random(choices.below(256) + 1);
  std::string text;
  if (kind == 0) return ":\n";
  if (kind == 1) return noise(random, 1 + random() % 400);
  if (kind == 2) return std::string(1 + random() % 5'000, static_cast<char>('a' + random() % 3));
  if (kind == 3) return noise(random, 1);
  if (kind == 5 || kind == 6) return prose(random, 1 + random() % 30);
  // More than the windows of groups, but seldom: it takes long.
  std::size_t events = kind == 4 && random() % 4 == 0 ? 300 : 1 + kind % 3;
  for (; events > 0; --events) text.append(json_event(random));
  return text;
}

class World {
 public:
  World(Scratch& scratch, Choices& choices, Reached& reached)
      : scratch_(scratch),
        choices_(choices),
        reached_(reached),
        sum_(empty_sum(scratch.coding)),
        group_(scratch.coding) {}

  std::string run() {
    while (broken_.empty() && choices_.more()) step();
    while (broken_.empty() && !subscribers_.empty()) leave(choices_.below(count()));
    return broken_;
  }

 private:
  std::uint32_t count() const { return static_cast<std::uint32_t>(subscribers_.size()); }
  std::uint64_t end_seq() const { return first_seq_ + units_.size(); }
  bool chance(std::uint32_t one_in) { return choices_.below(one_in) == 0; }
  bool has_primed() const { return scratch_.coding == Coding::kGzip || scratch_.coding == Coding::kDeflate; }

  Place end_place() const { return {sum_, group_.frame(), mode_ == Mode::kPrimed || group_.at_reset_point()}; }
  Place place(std::uint64_t seq) const { return seq == end_seq() ? end_place() : units_[seq - first_seq_].before; }

  void step() {
    switch (choices_.below(16)) {
      case 0:
        if (count() < 6) join();
        break;
      case 1:
        if (count() > 0) leave(choices_.below(count()));
        break;
      case 2:
        drop_units();
        break;
      case 3:
        push_reset();
        break;
      case 4:
        if (has_primed()) change_mode();
        break;
      case 5:
        if (count() > 0) give_up_sharing(*subscribers_[choices_.below(count())]);
        break;
      case 6:
      case 7:
      case 8:
      case 9:
        emit();
        break;
      default:
        if (count() > 0) deliver(*subscribers_[choices_.below(count())], 1 + choices_.below(4));
    }
  }

  // What the audience emits.

  Unit next_unit() const { return {end_place(), {}, {}, {}}; }

  void push(Unit unit) {
    sum_ = sum_of_both(scratch_.coding, sum_, sum_of(scratch_.coding, unit.plain));
    units_.push_back(std::move(unit));
  }

  void emit() {
    Unit unit = next_unit();
    unit.plain = make_plain(choices_);
    scratch_.standalone.encode(unit.plain, unit.standalone);
    if (chance(8)) {
      emit_alone(std::move(unit));
      return;
    }
    if (mode_ == Mode::kPrimed) {
      reached_.primed_pieces += recent_.view().empty() ? 0 : 1;
      scratch_.primed.encode(recent_, unit.plain, unit.shared);
    } else {
      group_.encode(unit.plain, chance(6) ? PieceEnd::kResetPoint : PieceEnd::kGoesOn, unit.shared);
    }
    recent_.append(unit.plain);
    push(std::move(unit));
  }

  // An update that shares no context with others.
  void emit_alone(Unit unit) {
    reached_.interruptions += group_.at_reset_point() ? 0 : 1;
    group_.reset(unit.shared);
    unit.shared.append(unit.standalone);
    recent_.forget();
    push(std::move(unit));
  }

  void push_reset() {
    reached_.resets += group_.at_reset_point() ? 0 : 1;
    Unit unit = next_unit();
    group_.reset(unit.shared);
    push(std::move(unit));
  }

  void change_mode() {
    push_reset();
    mode_ = mode_ == Mode::kPrimed ? Mode::kGroup : Mode::kPrimed;
  }

  void drop_units() {
    if (units_.empty()) return;
    const std::uint64_t keep = first_seq_ + 1 + choices_.below(static_cast<std::uint32_t>(units_.size()));
    for (auto& subscriber : subscribers_)
      if (subscriber->cursor < keep) catch_up(*subscriber);
    while (first_seq_ < keep) {
      units_.pop_front();
      ++first_seq_;
    }
  }

  // What a subscriber does.

  void attach_at_end(Subscriber& subscriber) {
    subscriber.received.attach(sum_);
    subscriber.cursor = end_seq();
    subscriber.form = Form::kStandalone;
    recent_.forget();
  }

  void join() {
    ++reached_.joins;
    auto& subscriber = *subscribers_.emplace_back(std::make_unique<Subscriber>(scratch_.coding));
    send(subscriber, stream_head(scratch_.coding), "");
    for (auto batches = choices_.below(3); batches > 0; --batches) replay(subscriber, make_plain(choices_));
    attach_at_end(subscriber);
  }

  void replay(Subscriber& subscriber, std::string_view plain) {
    ++reached_.replays;
    std::string piece;
    scratch_.standalone.encode(plain, piece);
    subscriber.received.add(sum_of(scratch_.coding, plain));
    send(subscriber, piece, plain);
  }

  // From the shared pieces to whatever else, at the place where the subscriber stands.
  void give_up_sharing(Subscriber& subscriber) {
    if (subscriber.form != Form::kShared) return;
    const ZstdFrame frame = place(subscriber.cursor).frame;
    reached_.exits_in_frame += frame == ZstdFrame::kOpen ? 1 : 0;
    send(subscriber, group_exit(frame), "");
    subscriber.form = Form::kStandalone;
  }

  // What it misses comes in pieces of its own.
  void catch_up(Subscriber& subscriber) {
    ++reached_.catch_ups;
    give_up_sharing(subscriber);
    subscriber.received.detach(place(subscriber.cursor).sum);
    std::string missed;
    for (auto seq = subscriber.cursor; seq < end_seq(); ++seq) {
      missed.append(units_[seq - first_seq_].plain);
      if (missed.empty() || (seq + 1 < end_seq() && !chance(3))) continue;
      replay(subscriber, missed);
      missed.clear();
    }
    if (!missed.empty()) replay(subscriber, missed);
    attach_at_end(subscriber);
  }

  void deliver(Subscriber& subscriber, std::uint32_t units_max) {
    for (; units_max > 0 && subscriber.cursor < end_seq(); --units_max) {
      const Unit& unit = units_[subscriber.cursor - first_seq_];
      if (subscriber.form == Form::kStandalone && unit.before.may_attach && !chance(4)) {
        ++reached_.attachments;
        subscriber.form = Form::kShared;
      }
      reached_.shared_pieces += subscriber.form == Form::kShared ? 1 : 0;
      ++subscriber.cursor;
      send(subscriber, subscriber.form == Form::kShared ? unit.shared : unit.standalone, unit.plain);
    }
  }

  void send(Subscriber& subscriber, std::string_view bytes, std::string_view plain) {
    subscriber.wire.append(bytes);
    subscriber.expected.append(plain);
    if (!subscriber.decoder->feed(bytes, subscriber.decoded)) return fail("a decoder took a stream for wrong");
    if (subscriber.decoded != subscriber.expected) fail("a decoder has not, at once, what its subscriber was sent");
  }

  void leave(std::uint32_t index) {
    auto& subscriber = *subscribers_[index];
    if (chance(2)) deliver(subscriber, 1'000);
    give_up_sharing(subscriber);
    subscriber.received.detach(place(subscriber.cursor).sum);
    reached_.empty_ends += subscriber.expected.empty() ? 1 : 0;
    if (subscriber.received.sum() != sum_of(scratch_.coding, subscriber.expected))
      fail("a subscriber's sum is not that of what it got");
    std::string end;
    append_stream_end(scratch_.coding, subscriber.received.sum(), end);
    send(subscriber, end, "");
    if (!subscriber.decoder->ended()) fail("a stream ended that is not complete");
    for (const std::size_t bytes : {std::size_t{1}, subscriber.wire.size()})
      if (decode(scratch_.coding, subscriber.wire, bytes) != subscriber.expected)
        fail("a stream decodes to other bytes");
    std::swap(subscribers_[index], subscribers_.back());
    subscribers_.pop_back();
  }

  void fail(std::string what) {
    if (broken_.empty()) broken_ = std::move(what);
  }

  Scratch& scratch_;
  Choices& choices_;
  Reached& reached_;

  // The audience.
  Mode mode_ = Mode::kGroup;
  PlainSum sum_;
  GroupEncoder group_;
  RecentPlain recent_;
  std::deque<Unit> units_;
  std::uint64_t first_seq_ = 0;

  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::string broken_;
};

}  // namespace

std::string run_splices(Scratch& scratch, Choices& choices, Reached& reached) {
  return World(scratch, choices, reached).run();
}

}  // namespace fanfare::coding_testing
