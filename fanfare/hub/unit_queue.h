// What an audience emitted and somebody has yet to take: units in order, each with the number of subscribers whose
// cursor stands at it. A unit leaves at the front as soon as no cursor stands at it or before it, so a queue that
// nobody is behind in is empty.
//
//   seq:      first_seq()                      end_seq()
//   units:    [ unit ][ unit ][ unit ] … [ unit ]   (next unit)
//   cursors:     2       0       1         40          512 at the end: they have everything
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fanfare/coding/plain_sum.h"
#include "fanfare/coding/stream_bounds.h"
#include "fanfare/history/update.h"
#include "fanfare/hub/rendition.h"

namespace fanfare {

// An update that an audience emits, as an event stream.
struct Emitted {
  RenditionRef rendition;
  Position position = kBeforeAll;
  bool is_private = false;
};

// A place in what an audience emits in a content coding: of its plain bytes, and of its zstd frames for those in step
// (audience_encoder.h).
struct CodedPlace {
  PlainSum sum;
  ZstdFrame frame = ZstdFrame::kClosed;
};

// What an audience emits in one turn, or a part of that.
struct Unit {
  RenditionRef rendition = {};
  RenditionRef alone = {};        // for those who come to it out of step (audience_encoder.h); empty if nobody does
  bool joinable = true;           // nobody does: rendition refers to nothing that was emitted before
  CodedPlace place = {};          // before it
  Position after = kBeforeAll;    // all that the audience gets up to here is in earlier units
  Position through = kBeforeAll;  // … and up to here once this unit is sent
  std::uint32_t updates = 0;      // 0: a heartbeat
  std::uint32_t cursors = 0;
};

class UnitQueue {
 public:
  using Seq = std::uint64_t;  // a unit's number, counted from the audience's first

  // holdings is borrowed: it counts what the queue itself takes beside the renditions.
  explicit UnitQueue(Holdings& holdings) : holdings_(holdings) {}
  ~UnitQueue() { drop_before(end_seq()); }
  UnitQueue(const UnitQueue&) = delete;
  UnitQueue& operator=(const UnitQueue&) = delete;

  Seq first_seq() const { return first_seq_; }
  Seq end_seq() const { return first_seq_ + (units_.size() - head_); }
  bool empty() const { return head_ == units_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint32_t cursors_at_end() const { return cursors_at_end_; }
  const Unit& at(Seq seq) const;

  // Appends a unit; the cursors at the end now stand at it. If there are none at all, the unit is dropped at once.
  void push(Unit unit);
  // A cursor is placed at the end, or taken away from where it stands.
  void enter() { ++cursors_at_end_; }
  void leave(Seq seq);
  // A cursor moves on from one unit to a later one or to the end.
  void move(Seq from, Seq to);
  // Drops the units before seq, whoever stands at them: the caller has taken those cursors away.
  void drop_before(Seq seq);
  // The first seq to keep so that at most bytes_max remain.
  Seq seq_to_keep(std::size_t bytes_max) const;

 private:
  static std::size_t cost(const Unit& unit) {
    return sizeof(Unit) + unit.rendition->memory_bytes() + (unit.alone ? unit.alone->memory_bytes() : 0);
  }
  std::uint32_t& cursors(Seq seq);
  void pop_front();
  void drop_taken();

  Holdings& holdings_;
  std::vector<Unit> units_;  // the queue is units_[head_ ..]
  std::size_t head_ = 0;
  Seq first_seq_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t cursors_at_end_ = 0;
};

}  // namespace fanfare
