// `fanfare publish`: updates from an argument, a file or lines of standard input, POSTed one after another over one
// kept connection; JSON lines that have arrived together as a batch, if the hub takes batches. An update counts as
// published when the hub has answered 200; the first that is not ends the command, and the message says which it was
// and whether its fate is known. One thread.
#pragma once

#include <string>

#include "fanfare/cli/exit_code.h"
#include "fanfare/history/update.h"

namespace fanfare::cli {

enum class Source {
  kArgument,   // text is the data
  kFile,       // text is a path, "-" for standard input: the whole file is one update
  kLines,      // each line of standard input is an update, published as it arrives
  kJsonLines,  // the same with fields of its own (history/update_line.h)
};

struct PublishOptions {
  std::string hub;
  std::string token;  // empty: none is sent
  Update fields;      // of every update but its data; not for kJsonLines
  Source source = Source::kArgument;
  std::string text;
  bool quiet = false;  // without the ids on standard output, and without notes
};

// hub: a whole URL. Errors go to standard error.
ExitCode publish(const PublishOptions& options);

}  // namespace fanfare::cli
