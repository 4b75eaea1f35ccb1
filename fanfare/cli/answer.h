// What an answer of a server, or its absence, means to a command: an exit code and sentences for people.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/cli/exit_code.h"

namespace fanfare::cli {

// Why there is no whole answer.
enum class Silence {
  kBadUrl,       // the URL cannot be used
  kNoHost,       // the name does not resolve
  kNoServer,     // no connection
  kUntrusted,    // no TLS connection
  kTimeout,      // connected, but no answer in time
  kInterrupted,  // connected, then broken off
};

struct NoAnswer {
  Silence silence;
  std::string reason;  // the transport's own words
};

struct Failure {
  ExitCode exit_code;
  std::string message;  // one sentence, printable
};

// url: as the user would know it; only what shown_url() leaves is shown.
Failure explain(const NoAnswer& no_answer, std::string_view url);

// For an answer whose status is not the expected one. body: a problem (RFC 9457), whose detail is the server's reason,
// else text, of which its first line is.
Failure explain_status(int status, std::string_view body);

// "401 Unauthorized"; the number alone where it has no well-known name.
std::string status_text(int status);

// The first line of a text body, printable, at most 300 bytes of it.
std::string first_line(std::string_view body);

}  // namespace fanfare::cli
