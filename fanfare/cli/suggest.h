// "Did you mean …?" Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fanfare::cli {

// The word most like the one that was typed, if it is like it at all: at most a third of its characters (at least one,
// two from four on) inserted, left out, changed or swapped with their neighbour, or typed as a beginning of three
// characters or more. Empty if none is.
std::string nearest_word(std::string_view typed, std::span<const std::string> words);

// What to say of a word that is unknown: "did you mean 'heartbeat_ms'?", or, if none is near, "there is a, b, c".
std::string suggestion(std::string_view typed, std::span<const std::string> words);

}  // namespace fanfare::cli
