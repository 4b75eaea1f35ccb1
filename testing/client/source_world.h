// A seeded simulation of one event source: a server that resumes by id and fails in every way, a driver, a user who
// closes, pauses and decides from within any call, and a clock that the schedule turns. After every step it checks the
// session against a model that shares no code with it: the events are exactly the log's, in order, none twice; one last
// call; delays within the policy's bounds; one connection at a time; after close nothing.
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace fanfare::simulation {

// What the schedules have reached: a simulation that never gets anywhere proves nothing.
struct SourcesReached {
  std::uint64_t connections = 0;
  std::uint64_t events = 0;
  std::uint64_t comments = 0;
  std::uint64_t errors = 0;
  std::array<std::uint64_t, 11> kinds{};  // of the errors, by FailureKind
  std::uint64_t whole_logs = 0;           // schedules in which the user has seen every event
  std::uint64_t quiet_ends = 0;
  std::uint64_t closes_within_calls = 0;
  std::uint64_t pauses_with_bytes = 0;  // bytes were given while paused
  std::uint64_t losses_while_paused = 0;
  std::uint64_t decisions = 0;  // of the user

  // Delays with full jitter, as sixteenths of the longest that each could have been.
  std::array<std::uint64_t, 16> jitter{};
};

// Runs the schedule of this seed. Returns the first rule that was broken and when, or nothing.
std::string run_source_schedule(std::uint64_t seed, SourcesReached& reached);

}  // namespace fanfare::simulation
