#include "fanfare/cli/output.h"

#include <cerrno>
#include <climits>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fanfare::cli {
namespace {

// Waits until the descriptor takes bytes. False: interrupted.
bool wait_writable(int fd, int interrupt_fd) {
  while (true) {
    pollfd fds[] = {{fd, POLLOUT, 0}, {interrupt_fd, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;  // EINTR
    if (fds[0].revents != 0) return true;
    if (fds[1].revents != 0) return false;
  }
}

}  // namespace

Wrote write_all(int fd, std::string_view bytes, int interrupt_fd) {
  while (!bytes.empty()) {
    if (!wait_writable(fd, interrupt_fd)) return Wrote::kInterrupted;
    // A pipe that polls writable takes PIPE_BUF bytes without blocking, and may block for more.
    ssize_t written = write(fd, bytes.data(), bytes.size() < PIPE_BUF ? bytes.size() : PIPE_BUF);
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return Wrote::kClosed;
    } else if (errno != EINTR && errno != EAGAIN) {
      return Wrote::kFailed;
    }
  }
  return Wrote::kAll;
}

bool is_reader_gone(int fd) {
  pollfd state{fd, 0, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

bool is_pipe(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace fanfare::cli
