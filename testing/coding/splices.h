// An audience whose stream is compressed once, and subscribers who join, wait, attach, lag, lose units, catch up, come
// back and leave, as a schedule chooses; each has a real decoder at its end. A model of what the hub does with the
// room `coding`, for its tests and its fuzzer.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "fanfare/coding/primed_encoder.h"
#include "fanfare/coding/standalone_encoder.h"

namespace fanfare::coding_testing {

// Where a schedule comes from: random numbers, or a fuzzer's bytes.
class Choices {
 public:
  virtual ~Choices() = default;
  // Less than n, which is 1 at least.
  virtual std::uint32_t below(std::uint32_t n) = 0;
  // Whether there is another step.
  virtual bool more() = 0;
};

// What a shard has for one coding and all of its audiences: the schedules share it, as audiences do.
struct Scratch {
  explicit Scratch(Coding its_coding) : coding(its_coding), standalone(its_coding) {}

  const Coding coding;
  StandaloneEncoder standalone;
  PrimedEncoder primed;
};

// What happened, so that a test knows that its schedules reach it.
struct Reached {
  std::size_t joins = 0;
  std::size_t replays = 0;         // batches that a subscriber got alone
  std::size_t attachments = 0;     // from standalone pieces to the shared ones, at a reset point
  std::size_t shared_pieces = 0;   // delivered
  std::size_t primed_pieces = 0;   // made with something to refer to
  std::size_t interruptions = 0;   // of a group, by an update that shares no context
  std::size_t resets = 0;          // where a group had gone on
  std::size_t catch_ups = 0;       // units lost
  std::size_t exits_in_frame = 0;  // who left the group in the middle of a frame
  std::size_t empty_ends = 0;      // streams that ended before any piece
};

// Runs one schedule to its end, when everybody leaves. Every decoder must have all plain bytes after each unit, and
// each subscriber's stream must decode at its end, whole and byte by byte, to what the subscriber was meant to get.
// Returns what was broken, or nothing.
std::string run_splices(Scratch& scratch, Choices& choices, Reached& reached);

}  // namespace fanfare::coding_testing
