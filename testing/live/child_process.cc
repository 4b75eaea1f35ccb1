#include "testing/live/child_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

namespace fanfare::live {
namespace {

constexpr milliseconds kBetweenLooks{5};
constexpr int kCannotRun = 127;

struct Streams {
  int in;
  int out;
  int err;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: becomes the program. Allocates nothing, for other threads of the test may have held the lock.
[[noreturn]] void become(char** command, char** environment, const Streams& streams, std::size_t files_max) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(streams.in, STDIN_FILENO);
  ::dup2(streams.out, STDOUT_FILENO);
  ::dup2(streams.err, STDERR_FILENO);
  const rlimit files{.rlim_cur = files_max, .rlim_max = files_max};
  if (files_max == 0 || ::setrlimit(RLIMIT_NOFILE, &files) == 0) ::execve(command[0], command, environment);
  ::_exit(kCannotRun);
}

std::string content_of(int fd) {
  std::string text;
  std::array<char, 64 * 1024> bytes;
  ssize_t count = 0;
  while ((count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

bool eventually(const std::function<bool()>& holds, milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

ChildProcess::ChildProcess(const ChildOptions& options)
    : out_(::memfd_create("stdout", MFD_CLOEXEC)), err_(::memfd_create("stderr", MFD_CLOEXEC)) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = options.environment;
  environment.push_back("PATH=/usr/local/bin:/usr/bin:/bin");
  std::array<int, 2> input{-1, -1};
  if (options.input == Input::kNothing) {
    input[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  } else if (::pipe2(input.data(), O_CLOEXEC) == 0) {
    input_ = input[1];
  }
  const auto command_pointers = pointers_to(command);
  const auto environment_pointers = pointers_to(environment);
  pid_ = ::fork();
  if (pid_ == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    become(const_cast<char**>(command_pointers.data()), const_cast<char**>(environment_pointers.data()),
           {input[0], out_, err_}, options.files_max);
  }
  ::close(input[0]);
}

ChildProcess::~ChildProcess() {
  if (!result_) {
    send_signal(SIGKILL);
    wait();
  }
  close_input();
  ::close(out_);
  ::close(err_);
}

std::string ChildProcess::out() const {
  return content_of(out_);
}

std::string ChildProcess::err() const {
  return content_of(err_);
}

bool ChildProcess::write_input(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(input_, text.data(), text.size());
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void ChildProcess::close_input() {
  if (const int input = std::exchange(input_, -1); input >= 0) ::close(input);
}

void ChildProcess::send_signal(int signal) const {
  if (pid_ > 0 && !result_) ::kill(pid_, signal);
}

std::optional<int> ChildProcess::wait(milliseconds patience) {
  eventually(
      [this] {
        int status = 0;
        if (result_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return result_.has_value();
        result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
      },
      patience);
  return result_;
}

}  // namespace fanfare::live
