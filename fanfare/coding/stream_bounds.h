// The bytes that a subscriber's coded stream has besides its pieces: what it begins with, what stands between a group
// and any other form, and what it ends with, so that a decoder sees one complete stream:
//
//   head | pieces … | group_exit | end
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/coding/plain_sum.h"

namespace fanfare {

// Before the first piece. Empty for identity and zstd.
std::string_view stream_head(Coding coding);

// What comes after a group's piece.
enum class PieceEnd : std::uint8_t {
  kGoesOn,      // the next piece refers back to this one
  kResetPoint,  // the next piece is as a new encoder would make it: its reader may have got anything before
};

// Whether a group's pieces up to some point leave a zstd frame that goes on. Closed at every reset point, and always
// for the other codings. It belongs to a place in the group's sequence: who is behind has the one of its own place.
enum class ZstdFrame : std::uint8_t { kClosed, kOpen };

// What a subscriber is sent where it leaves its group's sequence, before any other form or the end. `frame` is that of
// the place up to which it has the group's pieces; who never attached has kClosed, or its stream would break.
std::string_view group_exit(ZstdFrame frame);

// Appends the clean end of a stream whose pieces decode to bytes of this sum. Before it: group_exit.
void append_stream_end(Coding coding, const PlainSum& received, std::string& out);

}  // namespace fanfare
