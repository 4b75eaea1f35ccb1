// Secrets that a hub should not trust: those that everybody knows, and those that are short enough to be guessed.
// What it is not: it decides nothing; serve_config.h does. Pure; any thread.
#pragma once

#include <string>

#include "fanfare/access/key_set.h"

namespace fanfare::cli {

// What is wrong with one of the keys: that it is an example's, from the documentation of the reference hub or of
// frameworks that come with it, in whatever form. Empty if none is.
std::string well_known_fault(const KeySet& keys);

// … that it is shorter than its hash (RFC 7518 section 3.2).
std::string short_fault(const KeySet& keys);

}  // namespace fanfare::cli
