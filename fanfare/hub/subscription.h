// One subscriber: an outlet, a cursor in its audience's units, and the position through which it has been given
// everything. It has no queue of its own. It is either live (its cursor stands in the queue) or catching up (it reads
// the log at the pace of its outlet, with a pin in the queue where it will attach; catch_up.h).
//
// Order of calls by the outlet's owner: whenever bytes can be sent, pull(), send what it gives, advance() by what was
// taken, and again while advance() says so. After an empty pull the owner waits for Outlet::on_news.
// Destroying it leaves the audience. One thread: that of its hub, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fanfare/hub/rendition.h"
#include "fanfare/hub/unit_queue.h"

namespace fanfare {

class Audience;
class CodedStream;
class Hub;

enum class StreamEnd : std::uint8_t {
  kGap,        // the log no longer holds what the subscriber misses
  kLogFailed,  // the log could not be read
  kFinished,   // finish() is done
};

// Where a subscriber's bytes go: an HTTP/1.1 connection or an HTTP/2 stream. The calls come from inside the hub, so
// they only note what happened: none may destroy a subscription or call one.
class Outlet {
 public:
  virtual ~Outlet() = default;
  // There may be bytes to pull.
  virtual void on_news() = 0;
  // Nothing follows what has been pulled and advanced; the response ends cleanly.
  virtual void on_end(StreamEnd end) = 0;
  // The budget needs the memory that this subscriber's unsent bytes pin: reset the connection.
  virtual void on_reset() = 0;
};

// How the outlet frames the stream: as HTTP/1.1 chunks, or bare.
enum class Framing : std::uint8_t { kChunked, kBare };

class Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Fills `slices` with what to send next, oldest first; returns how many it filled. They are valid until the next
  // call of any member, the hub's included. Called for a subscriber in catch-up, it asks the log for more.
  std::size_t pull(std::span<std::string_view> slices);
  // The outlet took the first `bytes` of what pull gave. Returns whether another pull may give more right now.
  bool advance(std::size_t bytes);
  // pull() and advance() in one, for outlets that keep what they are given until it is sent: moves up to bytes_max
  // bytes to `into`.
  struct Taken {
    std::size_t bytes = 0;
    bool may_have_more = false;  // another take may give more right now
  };
  Taken take(std::size_t bytes_max, std::vector<HeldBytes>& into);
  // Ends the stream at the next boundary: what is partly sent is completed, then last_words (event-stream bytes, may
  // be empty; left out on any other wire) and what the content coding ends with are sent, then comes on_end(kFinished).
  void finish(std::string_view last_words) { conclude(StreamEnd::kFinished, last_words); }

  // Whether a transient update at or before this position may be one that it wants and has not got.
  bool may_have_missed(Position transient) const;

  bool is_live() const { return state_ == State::kLive; }
  // What was taken so far ends with a whole unit: other bytes may come between.
  bool is_between_units() const { return !piece_ || piece_offset_ == 0; }
  // … and so many bytes are left of the one that is begun.
  std::size_t unit_rest() const;
  // The position through which it has been given everything.
  Position seen() const;

 private:
  friend class Audience;
  friend class CatchUp;
  friend class Hub;

  enum class State : std::uint8_t { kCatchUp, kLive, kFinishing, kEnded };

  Subscription(Hub& hub, Audience& audience, Outlet& outlet, Framing framing);

  std::string_view bytes_of(const RenditionRef& rendition) const {
    return framing_ == Framing::kChunked ? rendition->framed() : rendition->payload();
  }
  // The form of the unit for a subscriber who comes to it in step or not; from a joinable one on it is.
  static const RenditionRef& form_for(const Unit& unit, bool& in_step);
  void conclude(StreamEnd end, std::string_view last_words);
  bool advance_live(std::size_t bytes);
  bool advance_piece(std::size_t bytes);
  // The bytes being sent are (no longer) only this subscriber's reason to be in memory.
  void hold_piece(RenditionRef piece, std::size_t offset, Position through, std::uint32_t updates);
  void release_piece();
  // Gives up the bytes being sent, of which none is.
  void drop_piece();
  // Into the queue, at its end, with a pin, to be attached there; attached, if nothing else must be sent first; out of
  // the queue: from live to catch-up, or without the pin.
  void enter_queue();
  bool attach();
  void leave_queue();

  Hub& hub_;
  Audience& audience_;
  Outlet& outlet_;
  UnitQueue::Seq cursor_ = 0;  // the next unit to send, or, in catch-up, the one to attach at
  Position seen_ = kBeforeAll;
  std::uint32_t index_in_audience_ = 0;
  State state_ = State::kCatchUp;
  const Framing framing_;
  bool in_queue_ = false;  // a cursor of this subscriber is counted in the audience's queue
  bool in_step_ = false;   // with the units that it takes from the queue (audience_encoder.h)
  StreamEnd end_ = StreamEnd::kFinished;
  bool reading_ = false;  // a read of the log is under way or waits for its turn

  // What is being sent and is not, or not only, the queue's: a unit sent in part, a catch-up read, last words.
  RenditionRef piece_;
  RenditionRef last_words_;
  std::unique_ptr<CodedStream> coded_;  // null for identity
  std::uint32_t piece_offset_ = 0;
  std::uint32_t piece_updates_ = 0;
  Position piece_through_ = kBeforeAll;
  std::list<Subscription*>::iterator piece_holder_;  // in Hub::piece_holders_ while piece_ is set

  Position target_ = kBeforeAll;  // catch-up: the P of the joining invariant
  std::uint64_t read_token_ = 0;
  std::uint64_t last_bytes_ms_ = 0;  // catch-up: when bytes were last found for it
};

}  // namespace fanfare
