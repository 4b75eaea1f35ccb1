// Writing to standard output when its reader may leave, stall or fill up. One thread. SIGPIPE must be ignored.
#pragma once

#include <string_view>

namespace fanfare::cli {

enum class Wrote {
  kAll,
  kClosed,       // the reader has gone (EPIPE)
  kFailed,       // errno says why
  kInterrupted,  // interrupt_fd became readable while the reader took nothing
};

// Writes all bytes, waiting as long as the reader needs. interrupt_fd: what ends the wait early; -1: nothing does.
Wrote write_all(int fd, std::string_view bytes, int interrupt_fd = -1);

// Whether the reader of the pipe or socket has gone. Does not wait.
bool is_reader_gone(int fd);

bool is_pipe(int fd);

}  // namespace fanfare::cli
