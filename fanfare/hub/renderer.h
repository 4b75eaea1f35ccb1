// Makes renditions, and each only once: of an update, of what a turn emitted, and of what a content coding makes of
// either. Audiences that emit the same in one turn share the same bytes.
// What it is not: it knows no audience and no subscriber, and decides nothing about what is sent to whom.
// One thread: the hub's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/coding/coding.h"
#include "fanfare/coding/group_encoder.h"
#include "fanfare/coding/primed_encoder.h"
#include "fanfare/coding/standalone_encoder.h"
#include "fanfare/history/update.h"
#include "fanfare/hub/rendition.h"
#include "fanfare/hub/unit_queue.h"
#include "fanfare/hub/wire.h"
#include "fanfare/observe/metrics.h"

namespace fanfare {

class Renderer {
 public:
  // holdings counts what it makes, and outlives every rendition. Both are borrowed.
  Renderer(Holdings& holdings, ShardCounters& counters) : holdings_(holdings), counters_(counters) {}

  // The updates in this form, one after the other. At least one.
  RenditionRef updates(Wire wire, std::span<const LoggedUpdatePtr> updates);
  void append_update(Wire wire, const Update& update, std::string& out) { writer_.append(wire, update, out); }
  // What was emitted, as one; once a turn.
  RenditionRef merged(std::span<const Emitted> emitted);
  // A rendition compressed alone (coding/standalone_encoder.h), once a turn for each coding; not identity.
  RenditionRef standalone(Coding coding, const RenditionRef& plain);
  // A rendition compressed for those whose plain bytes end with `recent` (coding/primed_encoder.h), once a turn as long
  // as few are asked for.
  RenditionRef primed(const RecentPlain& recent, const RenditionRef& plain);
  // A rendition as the next piece of a group, for one audience.
  RenditionRef in_group(GroupEncoder& group, const RenditionRef& plain, PieceEnd end);
  // A rendition of these bytes, which nobody shares.
  RenditionRef own(std::string_view bytes) { return RenditionRef::make(holdings_, bytes); }

  // Appends the bytes compressed alone, which nobody shares.
  void append_standalone(Coding coding, std::string_view plain, std::string& out);
  // The turn is over: what it made is no longer kept for others.
  void end_turn();

 private:
  struct Merged {
    std::vector<const Rendition*> parts;
    RenditionRef whole;
  };
  // Both keep the plain rendition, so that no other takes its place in memory meanwhile.
  struct Standalone {
    RenditionRef plain;
    RenditionRef coded;
  };
  struct Primed {
    RenditionRef plain;
    std::string recent;
    RenditionRef coded;
  };

  Holdings& holdings_;
  ShardCounters& counters_;
  WireWriter writer_;
  std::string scratch_;
  std::unordered_map<std::uint64_t, std::vector<Merged>> merged_;
  std::array<std::unordered_map<const Rendition*, Standalone>, kCodings> standalone_;
  std::vector<Primed> primed_;
  std::array<std::unique_ptr<StandaloneEncoder>, kCodings> standalone_encoders_;  // made when they are needed
  std::unique_ptr<PrimedEncoder> primed_encoder_;
};

}  // namespace fanfare
