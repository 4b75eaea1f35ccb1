// Ctrl-C and SIGTERM as a descriptor that becomes readable, so that every wait can include them.
// Blocks both signals for this thread and those it starts later: construct it before any other thread. One at a time.
#pragma once

namespace fanfare::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Readable from the first signal on; nobody reads it.
  int fd() const { return fd_; }
  bool has_come() const;

 private:
  int fd_;
};

}  // namespace fanfare::cli
