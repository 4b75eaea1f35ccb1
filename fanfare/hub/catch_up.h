// The only replay mechanism: gives subscribers from the log what their queue does not hold, one bounded read at a time,
// each when the last one's bytes are sent. It serves resuming and falling behind alike.
//
// Joining: fix P, the dispatched position, and place the cursor at the end of the audience's queue, where it pins the
// units from P on; read the log over (seen, P]; then attach. If the queue gave the pinned units up meanwhile, take a
// new P. A subscriber that has seen more than this shard has dispatched waits until the shard is there.
// One thread: the hub's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/history/event_log.h"

namespace fanfare {

class Hub;
class Subscription;

// How the hub reads the log. The completion runs later on the hub's thread, never inside the call, and must not run
// once the hub is gone.
class CatchUpSource {
 public:
  virtual ~CatchUpSource() = default;
  virtual void read_after(ReadRequest request, ReadDone done) = 0;
};

class CatchUp {
 public:
  // All borrowed.
  CatchUp(Hub& hub, CatchUpSource& source, const Limits& limits) : hub_(hub), source_(source), limits_(limits) {}

  // The subscriber can take bytes and holds none: asks the log for more, or attaches it.
  void step(Subscription& subscription);
  // The new subscriber, which has yet to step, is to be given the state first instead of all updates.
  void begin_with_state(const Subscription& subscription);
  // The new subscriber, which has yet to step, knows that transient updates up to this position may be missing.
  void begin_with_holes(const Subscription& subscription, Position through);
  // The subscriber is leaving or has ended.
  void forget(Subscription& subscription);
  // The shard has dispatched more: those who waited for it go on.
  void on_dispatched();
  // Starts reads that wait for their turn.
  void start_waiting();

 private:
  void want_read(Subscription& subscription);
  void start_read(Subscription& subscription);
  void on_read(std::uint64_t token, Result<ReadResult> result);
  void take(Subscription& subscription, const ReadResult& result);

  Hub& hub_;
  CatchUpSource& source_;
  const Limits& limits_;
  std::uint64_t next_token_ = 1;
  std::unordered_map<std::uint64_t, Subscription*> reading_;
  std::deque<std::uint64_t> waiting_;  // tokens in reading_ whose read has not started, first come first served
  std::vector<Subscription*> ahead_;   // have seen more than the shard has dispatched
  // Those who are to be given the state first, and the position as of which.
  std::unordered_map<const Subscription*, Position> wants_state_;
  std::unordered_map<const Subscription*, Position> knows_holes_;
  std::size_t reads_in_flight_ = 0;
};

}  // namespace fanfare
