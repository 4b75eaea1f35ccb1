// What one subscriber got, as length and checksum, so that its stream can end with the right trailer. A subscriber is
// either by itself, when each of its pieces is added, or attached to what its audience emits, when nothing is done per
// piece: joining remembers the audience's sum, leaving looks at it again.
//
//   audience's sum:   ....[      P_join      ][ same bytes for all ][ P_leave ]....
//   subscriber:         own pieces: S         | attached            | sum: S shifted by the difference of the two
//
// The forms in which the bytes travelled make no difference: standalone, group and primed pieces of the same update
// have the same sum, so who is attached may change from one form to another.
// A value of 24 bytes; one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "fanfare/coding/plain_sum.h"

namespace fanfare {

class ReceivedSum {
 public:
  explicit ReceivedSum(Coding coding) : ReceivedSum(coding, empty_sum(coding)) {}

  Coding coding() const { return coding_; }
  bool attached() const { return attached_; }

  // By itself: it got these bytes in a piece of its own (a replay batch, an update that its audience's sum has not).
  void add(const PlainSum& piece);

  // From here on it gets all that its audience emits; `audience` is the sum of what was emitted before.
  void attach(const PlainSum& audience);
  // It has got all that the audience had emitted when its sum was `audience` (the sum at the unit where its cursor
  // stands, for one who is behind), and is by itself again.
  void detach(const PlainSum& audience);

  // All that it got. By itself only: detach first.
  PlainSum sum() const;

 private:
  ReceivedSum(Coding coding, const PlainSum& sum) : bytes_(sum.bytes), checksum_(sum.checksum), coding_(coding) {}

  std::uint64_t bytes_;          // received before attaching
  std::uint64_t joined_at_ = 0;  // attached: the audience's bytes before that
  std::uint32_t checksum_;       // attached: its difference from the audience's
  Coding coding_;
  bool attached_ = false;
};

static_assert(sizeof(ReceivedSum) == 24, "every subscriber of a coded stream has one");

}  // namespace fanfare
