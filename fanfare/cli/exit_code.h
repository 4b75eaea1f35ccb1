// How the program ends: what a script can tell apart. Also in --help (main.cc) and docs/cli.md.
#pragma once

namespace fanfare::cli {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,   // on this machine: a file, standard output, a port that is taken; or --count was not reached
  kUsage = 2,    // the command line is wrong, or the configuration of `serve`; nothing was done
  kConnect = 3,  // no connection: nothing was sent
  kRefused = 4,  // the server refused the request (4xx), or would refuse the token
  kServer = 5,   // the server failed (5xx), broke off, did not answer in time, or is no hub
};

}  // namespace fanfare::cli
