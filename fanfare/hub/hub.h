// One shard's hub: audiences, their units, their subscribers. Updates come in by dispatch(), in log order; bytes go out
// by Subscription::pull. It is the place of the joining, order and budget invariants (ARCHITECTURE.md).
// What it is not: it touches no socket, clock or thread, and decides nothing about who may subscribe.
// One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/history/event_log.h"
#include "fanfare/hub/audience.h"
#include "fanfare/hub/catch_up.h"
#include "fanfare/hub/coded_stream.h"
#include "fanfare/hub/renderer.h"
#include "fanfare/hub/selector.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/hub/topic_index.h"
#include "fanfare/observe/metrics.h"

namespace fanfare {

// Where a subscriber begins.
struct Start {
  enum class From {
    kNow,
    kAfter,  // everything behind the position `after`
    kState,  // the newest update of each topic, then everything
  };
  From from = From::kNow;
  Position after = kBeforeAll;  // kBeforeAll: all that the log holds
  // With kAfter: the subscriber is told that it may miss transient updates up to here (Subscription::may_have_missed).
  Position holes_known_through = kBeforeAll;
};

struct SubscribeRequest {
  std::vector<std::string> selectors;  // at least one
  std::vector<std::string> grants;     // selectors of the private updates that it may receive
  Start start;
  Framing framing = Framing::kChunked;
  Wire wire = Wire::kEventStream;
  Coding coding = Coding::kIdentity;  // of an event stream; else identity
};

class Hub {
 public:
  // What a hub borrows; all of it must outlive the hub.
  struct Surroundings {
    CatchUpSource& log;
    OffThread& off_thread;
    ShardCounters& counters;
  };

  // budget_bytes: this shard's share of the process's budget. dispatched: the last position that dispatch() will not be
  // given, as EventLog::follow says; never kBeforeAll.
  Hub(const Limits& limits, std::size_t budget_bytes, Surroundings surroundings, Position dispatched);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // A new subscriber. The outlet must outlive the subscription.
  std::expected<std::unique_ptr<Subscription>, SelectorError> subscribe(const SubscribeRequest& request,
                                                                        Outlet& outlet);

  // One turn: committed updates in log order. Matches them, makes the units, tells the outlets that have news, and
  // keeps the budget.
  void dispatch(std::span<const LoggedUpdatePtr> batch);

  // To be called about once a second: heartbeats for audiences that were silent, and reads that wait for the budget.
  void tick(std::uint64_t now_ms);

  // For what happens from now on. topic_cache_bytes_max and compiled_selectors_bytes_max stay as they were.
  void set_limits(const Limits& limits) { limits_ = limits; }

  // The bytes with which a stream begins, before its subscription's: a comment in this coding, and what stands before
  // the first piece of one.
  RenditionRef opening(Coding coding);

  Position dispatched() const { return dispatched_; }
  std::size_t held_bytes() const { return holdings_.bytes; }
  std::size_t compressor_bytes() const { return compressors_.bytes; }
  std::size_t audiences() const { return audiences_.size(); }

 private:
  friend class CatchUp;
  friend class Subscription;

  std::expected<Audience*, SelectorError> audience_of(const SubscribeRequest& request);
  void leave(Subscription& subscription);
  void match(const LoggedUpdate& logged);
  void seal(Audience& audience);
  AudienceEncoder::Conditions conditions_of(const Audience& audience);
  void push(Audience& audience, const RenditionRef& plain, bool is_private, Unit unit);
  RenditionRef replay(Subscription& subscription, std::span<const LoggedUpdatePtr> updates);
  RenditionRef heartbeat_for(Subscription& subscription);
  void dissolve_idle_groups();
  void announce(Audience& audience, UnitQueue::Seq seq);
  void evict(Audience& audience, std::size_t bytes_max);
  void keep_budget();
  bool over_budget() const { return holdings_.bytes + compressors_.bytes > budget_bytes_; }

  Limits limits_;
  const std::size_t budget_bytes_;
  ShardCounters& counters_;
  Holdings holdings_;
  Holdings compressors_;                    // of groups
  Holdings own_;                            // what the hub keeps for itself, not for subscribers: not in the budget
  std::list<Subscription*> piece_holders_;  // longest without progress first
  SelectorCompiler selectors_;
  TopicIndex index_;
  std::unordered_map<std::string, std::unique_ptr<Audience>> audiences_;
  std::vector<Audience*> emitting_;  // audiences that the current turn has something for
  std::vector<std::span<const TopicIndex::Entry>> matches_;
  Renderer renderer_;
  const RenditionRef opening_;  // of identity
  std::array<RenditionRef, kWires> heartbeats_;
  std::array<RenditionRef, kCodings> openings_;  // of the others, made when they are needed
  CatchUp catch_up_;
  Position dispatched_;
  std::uint64_t now_ms_ = 0;
};

}  // namespace fanfare
