// A process that a test starts, talks to through pipes and signals, and that never outlives it: it is killed when its
// owner goes, and by the kernel if the test program dies. What it is not: a shell. The thread that makes it keeps it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/live/patience.h"

namespace fanfare::live {

// Asks again and again until it holds. False: it did not in time.
bool eventually(const std::function<bool()>& holds, milliseconds patience = kPatience);

// The program under test.
inline const std::string kProgram = FANFARE_PROGRAM;

enum class Input { kNothing, kPipe };

struct ChildOptions {
  std::vector<std::string> command;      // an absolute path and its arguments
  std::vector<std::string> environment;  // NAME=value, in addition to PATH; nothing is inherited
  Input input = Input::kNothing;
  std::size_t files_max = 0;  // RLIMIT_NOFILE; 0: as many as the test may have
};

class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // All that it has written so far.
  std::string out() const;
  std::string err() const;
  bool write_input(std::string_view text);
  void close_input();
  void send_signal(int signal) const;
  // Its exit code, or 128 + the signal that ended it; nothing if it still runs then.
  std::optional<int> wait(milliseconds patience = kPatience);

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int out_ = -1;  // files in memory: a child never waits for its reader
  int err_ = -1;
  std::optional<int> result_;
};

}  // namespace fanfare::live
