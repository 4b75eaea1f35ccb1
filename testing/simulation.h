// A seeded simulation of one shard: publishers, a log that answers late and in any order, and subscribers that are
// fast, slow, stalled or leaving, over a clock that the schedule turns. After every step it checks the hub's invariants
// against a model that shares no code with it: each subscriber gets exactly the updates that match, in log order, none
// twice, none skipped while the log holds them; the byte budget is kept; nobody is slowed by another.
// One thread (the log may use its own).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fanfare/base/limits.h"
#include "fanfare/history/event_log.h"

namespace fanfare::simulation {

// Makes the log under test, empty. Of the limits it keeps memory_log_updates_max and memory_log_bytes_max if it can.
using LogFactory = std::function<std::unique_ptr<EventLog>(const Limits&)>;

// What the schedules have reached: a simulation that never gets anywhere proves nothing.
struct Reached {
  std::uint64_t updates = 0;
  std::uint64_t subscribers = 0;
  std::uint64_t events = 0;
  std::uint64_t shared_units = 0;  // units that two audiences or more had in one turn
  std::uint64_t catch_ups = 0;
  std::uint64_t evictions = 0;
  std::uint64_t resets = 0;
  std::uint64_t gaps = 0;
  std::uint64_t finished = 0;
  std::uint64_t ahead = 0;  // subscribers that had seen more than the shard
  std::uint64_t coded_subscribers = 0;
  std::uint64_t pieces_standalone = 0;
  std::uint64_t pieces_in_group = 0;
  std::uint64_t pieces_primed = 0;
};

// Runs the schedule of this seed. Returns the first rule that was broken and when, or nothing.
std::string run_schedule(std::uint64_t seed, const LogFactory& make_log, Reached& reached);

}  // namespace fanfare::simulation
