// What makes one content coding of all that an audience emits: the units of a group (coding/group_encoder.h) if it has
// subscribers and traffic enough, primed pieces in gzip and deflate otherwise, else pieces that stand alone.
//
// A unit's bytes may refer back to earlier units. A subscriber is *in step* if it has got all units since the last one
// that refers to nothing before it, so whoever enters the queue is not, until it comes to a unit that is `joinable`.
// Units before that one have bytes for those who are out of step, `alone`.
//
//   units:      u1        u2         u3           u4           u5
//   in step:  [ a ]     [ a<-b ]   [ a<-b<-c ]  [ d ]        [ d<-e ]
//   alone:                         [ c ]                               | one entered before u3: c, d, d<-e
//   joinable:  yes                               yes
//
// One thread: the hub's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "fanfare/coding/group_encoder.h"
#include "fanfare/coding/plain_sum.h"
#include "fanfare/coding/primed_encoder.h"
#include "fanfare/hub/renderer.h"
#include "fanfare/hub/unit_queue.h"

namespace fanfare {

class AudienceEncoder {
 public:
  // Any coding but identity. renderer and compressors are borrowed; the latter counts what groups take.
  AudienceEncoder(Coding coding, Renderer& renderer, Holdings& compressors);
  ~AudienceEncoder() { dissolve_group(); }
  AudienceEncoder(const AudienceEncoder&) = delete;
  AudienceEncoder& operator=(const AudienceEncoder&) = delete;

  Coding coding() const { return coding_; }
  // Of all that was emitted, and where a zstd frame stands, for those in step.
  const CodedPlace& place() const { return place_; }

  // A cursor has been placed at the end of the queue.
  void on_enter() { somebody_is_out_of_step_ = true; }

  struct Conditions {
    bool group = false;  // there are subscribers and traffic enough, and memory
    std::uint64_t now_ms = 0;
    std::uint64_t reset_ms_min = 0;  // the group begins afresh for those who are out of step, at most so often
  };
  // The audience emits `plain`, which is private or not, to all whose cursors are in its queue: sets the unit's bytes
  // and its place. Private bytes stand alone: they share no context with others, so that their length tells nothing of
  // them but itself (BREACH).
  void encode(const RenditionRef& plain, bool is_private, const Conditions& conditions, Unit& unit);

  // Gives the group's memory back; those in step are told with the next unit.
  void dissolve_group();
  bool has_group() const { return group_ != nullptr; }

 private:
  void encode_in_group(const RenditionRef& plain, const Conditions& conditions, Unit& unit);
  void encode_without_group(const RenditionRef& plain, Unit& unit);
  enum class Refers { kToNothing, kBack };
  void set_unit(RenditionRef piece, Refers refers, Unit& unit);
  void count_group();

  const Coding coding_;
  Renderer& renderer_;
  Holdings& compressors_;
  std::unique_ptr<GroupEncoder> group_;
  std::size_t group_bytes_ = 0;  // of group_, as counted
  RecentPlain recent_;           // gzip and deflate, without a group
  CodedPlace place_;
  std::uint64_t reset_ms_ = 0;            // when the group last began afresh
  bool somebody_is_out_of_step_ = false;  // entered since the last joinable unit
};

}  // namespace fanfare
