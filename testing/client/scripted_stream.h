// What a server of the simulation sends: a log of events as an event stream in any of its spellings, and at which byte
// each thing in it must have happened. Written without fanfare's own writer or parser. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "testing/dice.h"

namespace fanfare::simulation {

struct ScriptedEvent {
  std::string id;
  std::string type;
  std::string data;
};

struct ScriptedStream {
  static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
  struct Retry {
    std::size_t at;
    std::uint64_t ms;
  };

  std::string bytes;
  std::vector<std::size_t> events;  // so many bytes make the i-th event
  std::vector<std::size_t> comments;
  std::vector<Retry> retries;
  std::size_t beyond_the_limit = kNowhere;  // so many bytes hold data that is too long

  // What so many bytes have brought, up to the failure if they reach it.
  std::size_t events_in(std::size_t received) const;
  bool is_beyond(std::size_t received) const { return received >= beyond_the_limit; }
};

// count events with ids and data that differ, some of more than one line; one of them longer than event_bytes_max if
// that is small.
std::vector<ScriptedEvent> some_events(Dice& dice, std::size_t count, std::size_t event_bytes_max);

ScriptedStream some_stream(Dice& dice, std::span<const ScriptedEvent> events, std::size_t event_bytes_max);

}  // namespace fanfare::simulation
