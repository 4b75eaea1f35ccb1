// How the hub compiles URI templates, alone and as a set: over bytes, within a bound.
// Included only by the sources that see RE2.
#pragma once

#include <re2/re2.h>

namespace fanfare {

inline constexpr int kTemplateBytesMax = 1 << 20;

inline RE2::Options template_options() {
  RE2::Options options(RE2::Latin1);
  options.set_max_mem(kTemplateBytesMax);
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_dot_nl(true);
  return options;
}

}  // namespace fanfare
