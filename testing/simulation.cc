#include "testing/simulation.h"

#include <algorithm>
#include <future>
#include <map>
#include <vector>

#include "fanfare/hub/hub.h"
#include "testing/committed_queue.h"
#include "testing/delays.h"
#include "testing/dice.h"
#include "testing/history_model.h"
#include "testing/simulated_subscriber.h"

namespace fanfare::simulation {
namespace {

constexpr std::size_t kSteps = 120;
constexpr std::size_t kSubscribersMax = 24;
constexpr std::uint64_t kNoBudget = std::uint64_t{1} << 40;

// The limits of one schedule: tiny more often than not.
struct Conditions {
  Limits limits;
  std::size_t budget_bytes;
  bool tight;                                         // the budget may evict those who are not behind
  bool crowded;                                       // enough templates for an automaton
  std::vector<Coding> codings = {Coding::kIdentity};  // of the subscribers
};

Conditions conditions(Dice& dice) {
  Conditions all{.limits = {}, .budget_bytes = kNoBudget, .tight = dice.percent(40), .crowded = dice.percent(10)};
  Limits& limits = all.limits;
  limits.unit_bytes_max = dice.pick<std::size_t>({1, 200, 1'000, 65'536});
  limits.audience_units_bytes_max = dice.pick<std::size_t>({0, 500, 2'000, 10'000, 1 << 20});
  limits.heartbeat_ms = dice.pick<std::size_t>({50, 1'000, 15'000});
  limits.catch_up_read_bytes_max = dice.pick<std::size_t>({1, 50, 300});
  limits.catch_up_scan_updates_max = dice.pick<std::size_t>({1, 3, 10});
  limits.memory_log_updates_max = dice.pick<std::size_t>({5, 20, 60, 10'000, 10'000, 10'000});
  limits.memory_log_bytes_max = dice.pick<std::size_t>({4'000, 1 << 30, 1 << 30});
  limits.topic_cache_bytes_max = dice.pick<std::size_t>({0, 300, 1 << 20});
  limits.coding_group_subscribers_min = dice.pick<std::size_t>({1, 1, 2, 8});
  limits.coding_group_idle_ms = dice.pick<std::size_t>({0, 3'000, 60'000});
  limits.coding_reset_ms_min = dice.pick<std::size_t>({0, 0, 100, 5'000});
  const auto some_coding = [&] {
    return dice.pick({Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kGzip, Coding::kDeflate});
  };
  if (dice.percent(60)) all.codings = {some_coding()};
  if (dice.percent(20)) all.codings = {Coding::kIdentity, some_coding(), some_coding()};
  if (all.tight) all.budget_bytes = dice.pick<std::size_t>({700, 1'000, 2'500, 4'000});
  if (!all.tight && dice.percent(50)) {
    limits.catch_up_read_bytes_max = 65'536;
    limits.catch_up_scan_updates_max = 4'096;
  }
  return all;
}

std::string some_topic(Dice& dice) {
  if (dice.percent(20)) return "n" + std::to_string(dice.below(50)) + "/" + std::to_string(dice.below(3));
  return dice.pick<const char*>({"a", "b", "c", "d", "t/1", "t/2", "t/1/x", "t/{x}", "t/{"});
}

std::string some_selector(Dice& dice, bool crowded) {
  if (dice.percent(crowded ? 70 : 5)) return "n" + std::to_string(dice.below(50)) + "/{id}";
  return dice.pick<const char*>({"*", "a", "a", "b", "c", "d", "t/1", "t/{x}", "t/{x}/x", "{y}", "t/{", "t{x}/{y}"});
}

std::vector<std::string> some_selectors(Dice& dice, bool crowded, std::size_t least, std::size_t most) {
  std::vector<std::string> selectors(least + dice.below(most - least + 1));
  for (auto& selector : selectors) selector = some_selector(dice, crowded);
  return selectors;
}

class World {
 public:
  World(std::uint64_t seed, const LogFactory& make_log, Reached& reached)
      : dice_(seed),
        conditions_(conditions(dice_)),
        log_(make_log(conditions_.limits)),
        reached_(reached),
        history_(*log_),
        reads_(*log_),
        hub_(conditions_.limits, conditions_.budget_bytes, {reads_, work_, counters_}, log_->follow(committed_)),
        idle_bytes_(hub_.held_bytes()) {}
  ~World() { log_->unfollow(committed_); }

  std::string run();

 private:
  void step();
  void publish();
  void turn(std::size_t updates_max);
  void subscribe();
  void leave();
  void take_some();
  void complete_a_read();
  void tick();
  void finish_one();
  void settle();

  Start some_start();
  Update some_update();
  SimulatedSubscriber* some_subscriber();
  void flush_the_fast();
  void check_budget();
  void check_the_fast(const std::vector<SimulatedSubscriber*>& attached);
  void check_shared_units();
  void check_nothing_is_held();
  void forget_ended();

  Dice dice_;
  const Conditions conditions_;
  std::unique_ptr<EventLog> log_;
  Reached& reached_;
  Judge judge_;
  HistoryModel history_;
  CommittedQueue committed_;
  DelayedReads reads_;
  DelayedWork work_;
  ShardCounters counters_;
  Hub hub_;
  const std::size_t idle_bytes_;
  std::uint64_t now_ms_ = 0;
  std::vector<std::unique_ptr<SimulatedSubscriber>> subscribers_;
};

std::string World::run() {
  if (conditions_.crowded) {
    for (std::size_t i = 0; i < kSubscribersMax; ++i) subscribe();
  }
  std::size_t steps = 0;
  for (; steps < kSteps && judge_.content(); ++steps) step();
  if (judge_.content()) settle();
  reached_.updates += history_.updates().size();
  reached_.catch_ups += counters_.catch_ups_total.value();
  reached_.evictions += counters_.evictions_total.value();
  const auto pieces = [&](CodedForm form) {
    return counters_.compressed_total[static_cast<std::size_t>(form)].value();
  };
  reached_.pieces_standalone += pieces(CodedForm::kStandalone);
  reached_.pieces_in_group += pieces(CodedForm::kGroup);
  reached_.pieces_primed += pieces(CodedForm::kPrimed);
  for (const auto& each : subscribers_) reached_.events += each->events_received();
  subscribers_.clear();
  judge_.require(hub_.audiences() == 0, "an audience without subscribers goes");
  judge_.require(hub_.held_bytes() == idle_bytes_ && hub_.compressor_bytes() == 0,
                 "nothing is held for those who left");
  judge_.require(counters_.subscribers.value() == 0 && counters_.audiences.value() == 0, "the gauges come back to 0");
  return judge_.content() ? "" : "after " + std::to_string(steps) + " steps: " + judge_.verdict();
}

void World::step() {
  const std::size_t throw_of_dice = dice_.below(100);
  if (throw_of_dice < 18) {
    publish();
  } else if (throw_of_dice < 36) {
    turn(1 + dice_.below(12));
  } else if (throw_of_dice < 48) {
    subscribe();
  } else if (throw_of_dice < 68) {
    take_some();
  } else if (throw_of_dice < 84) {
    complete_a_read();
  } else if (throw_of_dice < 89) {
    work_.step();
  } else if (throw_of_dice < 94) {
    tick();
  } else if (throw_of_dice < 97) {
    leave();
  } else {
    finish_one();
  }
  flush_the_fast();
  check_nothing_is_held();
  if (dice_.percent(10)) forget_ended();
}

Update World::some_update() {
  Update update;
  update.topics.resize(1 + dice_.below(3));
  for (auto& topic : update.topics) topic = some_topic(dice_);
  update.data = std::to_string(history_.updates().size()) +
                std::string(dice_.below(dice_.percent(conditions_.tight ? 30 : 10) ? 500 : 60), '.');
  if (dice_.percent(10)) update.data.append("\nsecond line");
  if (dice_.percent(20)) update.id = "chosen:" + std::to_string(dice_.below(5));
  if (dice_.percent(20)) update.type = "type" + std::to_string(dice_.below(3));
  if (dice_.percent(5)) update.retry_ms = 1'000;
  update.is_private = dice_.percent(25);
  return update;
}

void World::publish() {
  for (std::size_t count = 1 + dice_.below(6); count > 0; --count) {
    Update update = some_update();
    std::promise<Appended> promise;
    log_->append(update, [&](Result<Appended> result) { promise.set_value(std::move(result.value())); });
    const Appended appended = promise.get_future().get();
    update.id = appended.id;
    history_.add(appended.position, std::move(update));
    committed_.wait_for(appended.position);
  }
}

void World::turn(std::size_t updates_max) {
  const auto batch = committed_.take(updates_max);
  if (batch.empty()) return;
  std::vector<SimulatedSubscriber*> attached;
  for (const auto& each : subscribers_) {
    if (each->pace() == Pace::kFast && each->is_open() && each->is_live()) attached.push_back(each.get());
    each->take_seen_units();
  }
  hub_.dispatch(batch);
  check_budget();
  flush_the_fast();
  check_the_fast(attached);
  check_shared_units();
}

Start World::some_start() {
  const std::size_t known = history_.updates().size();
  if (known == 0 || dice_.percent(40)) return {};
  if (dice_.percent(15)) return {.from = Start::From::kAfter, .after = kBeforeAll};
  if (dice_.percent(15)) return {.from = Start::From::kState, .after = kBeforeAll};
  // Any update, those among them that the shard has not dispatched yet; more often a late one.
  const std::size_t back = dice_.below(dice_.percent(60) ? std::min<std::size_t>(known, 10) : known);
  return {.from = Start::From::kAfter, .after = history_.updates()[known - 1 - back].position};
}

void World::subscribe() {
  if (subscribers_.size() >= (conditions_.crowded ? 3 : 1) * kSubscribersMax) return;
  SubscribeRequest request{.selectors = some_selectors(dice_, conditions_.crowded, 1, 3),
                           .grants = some_selectors(dice_, false, 0, 2),
                           .start = some_start(),
                           .framing = dice_.percent(50) ? Framing::kBare : Framing::kChunked,
                           .coding = conditions_.codings[dice_.below(conditions_.codings.size())]};
  const Pace pace = dice_.pick({Pace::kFast, Pace::kFast, Pace::kSlow, Pace::kSlow, Pace::kStalled});
  auto subscriber = std::make_unique<SimulatedSubscriber>(request, pace, hub_.dispatched(), history_, judge_);
  reached_.subscribers += 1;
  reached_.coded_subscribers += request.coding == Coding::kIdentity ? 0 : 1;
  reached_.ahead += request.start.after > hub_.dispatched() ? 1 : 0;
  auto subscription = hub_.subscribe(request, *subscriber);
  if (!subscription) return judge_.require(false, subscription.error().message);
  subscriber->attach(std::move(*subscription), hub_.opening(request.coding));
  subscribers_.push_back(std::move(subscriber));
}

SimulatedSubscriber* World::some_subscriber() {
  return subscribers_.empty() ? nullptr : subscribers_[dice_.below(subscribers_.size())].get();
}

void World::leave() {
  if (subscribers_.empty()) return;
  const auto gone = subscribers_.begin() + static_cast<std::ptrdiff_t>(dice_.below(subscribers_.size()));
  reached_.events += (*gone)->events_received();
  subscribers_.erase(gone);
}

void World::take_some() {
  for (const auto& each : subscribers_) {
    if (each->pace() == Pace::kSlow && dice_.percent(70)) {
      each->take(dice_.below(dice_.percent(50) ? 40 : 2'000), 1 + dice_.below(6));
    } else if (each->pace() == Pace::kStalled && dice_.percent(30)) {
      each->take(dice_.below(30), 1 + dice_.below(3));
    }
  }
}

void World::complete_a_read() {
  for (std::size_t count = 1 + dice_.below(4); count > 0 && reads_.waiting() > 0; --count) {
    const std::size_t i = dice_.below(reads_.waiting());
    if (dice_.percent(20)) {
      reads_.read(i);  // the log answers now, the hub hears of it later
    } else if (dice_.percent(1)) {
      for (const auto& each : subscribers_) each->allow_log_failure();
      reads_.fail(i, "the disk is gone");
    } else {
      reads_.complete(i);
    }
    check_budget();
    if (dice_.percent(50)) flush_the_fast();
  }
}

void World::tick() {
  now_ms_ += dice_.pick<std::uint64_t>({1, 100, 2'000, 20'000});
  hub_.tick(now_ms_);
  check_budget();
}

void World::finish_one() {
  SimulatedSubscriber* const each = some_subscriber();
  if (each == nullptr) return;
  each->finish(dice_.percent(50) ? "retry: " + std::to_string(2'000 + dice_.below(9)) + "\n\n" : "");
  check_budget();
}

void World::forget_ended() {
  for (const auto& each : subscribers_) {
    if (each->is_open()) continue;
    reached_.events += each->events_received();
    reached_.resets += each->was_reset() ? 1 : 0;
    reached_.gaps += each->end() == StreamEnd::kGap ? 1 : 0;
    reached_.finished += each->end() == StreamEnd::kFinished ? 1 : 0;
  }
  std::erase_if(subscribers_, [](const auto& each) { return !each->is_open(); });
}

void World::flush_the_fast() {
  for (const auto& each : subscribers_) {
    if (each->pace() == Pace::kFast) each->take_everything();
  }
}

void World::check_budget() {
  judge_.require(hub_.held_bytes() + hub_.compressor_bytes() <= std::max(conditions_.budget_bytes, idle_bytes_),
                 "the byte budget is kept");
}

// Whoever was attached and takes all at once stays attached and has everything, whatever the others do. Only the budget
// may send it to the log.
void World::check_the_fast(const std::vector<SimulatedSubscriber*>& attached) {
  if (conditions_.tight) return;
  for (const auto* each : attached) {
    judge_.require(each->is_live(), "a fast subscriber stays attached");
    judge_.require(each->has_everything_through(hub_.dispatched()), "a fast subscriber has everything after the turn");
  }
}

// The same updates in one turn lie at the same place in memory, whatever the audience and the framing.
void World::check_shared_units() {
  std::map<std::string, std::pair<const char*, const SimulatedSubscriber*>> places;
  for (const auto& each : subscribers_) {
    if (each->pace() != Pace::kFast || each->request().coding != Coding::kIdentity) continue;
    for (const auto& unit : each->take_seen_units()) {
      if (!each->is_open() || !each->is_live() || conditions_.tight) continue;
      const auto [first, is_new] = places.emplace(unit.text, std::pair(unit.place, each.get()));
      judge_.require(first->second.first == unit.place, "an update is rendered once a turn, for all audiences");
      if (!is_new && first->second.second->request().selectors != each->request().selectors) ++reached_.shared_units;
    }
  }
}

void World::check_nothing_is_held() {
  const bool nobody_is_behind = std::ranges::all_of(subscribers_, [&](const auto& each) {
    return each->is_open() && each->pace() == Pace::kFast && each->is_live();
  });
  if (nobody_is_behind) judge_.require(hub_.held_bytes() == idle_bytes_, "nobody is behind, so no unit is kept");
}

// Everybody takes all they can get, the log answers everything: then all have everything.
void World::settle() {
  turn(std::size_t{1} << 30);
  work_.finish_all();
  for (int rounds = 0; rounds < 10'000 && judge_.content(); ++rounds) {
    for (const auto& each : subscribers_) each->take_everything();
    if (reads_.waiting() == 0) break;
    reads_.complete_all();
    check_budget();
  }
  judge_.require(reads_.waiting() == 0, "catching up comes to an end");
  for (const auto& each : subscribers_) {
    if (!each->is_open()) continue;
    judge_.require(each->is_live(), "everybody is attached in the end");
    judge_.require(each->has_everything_through(hub_.dispatched()), "everybody has everything in the end");
  }
  judge_.require(hub_.held_bytes() == idle_bytes_, "nobody is behind in the end, so nothing is held");
  forget_ended();
}

}  // namespace

std::string run_schedule(std::uint64_t seed, const LogFactory& make_log, Reached& reached) {
  return World(seed, make_log, reached).run();
}

}  // namespace fanfare::simulation
