#include "fanfare/cli/interrupt.h"

#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fanfare/base/check.h"

namespace fanfare::cli {
namespace {

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  FANFARE_CHECK(fd_ >= 0);
}

Interrupt::~Interrupt() {
  close(fd_);
}

bool Interrupt::has_come() const {
  pollfd state{fd_, POLLIN, 0};
  return poll(&state, 1, 0) > 0;
}

}  // namespace fanfare::cli
