// One thread's event loop, and its timers: the only names by which the other rooms know Boost.Asio.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace fanfare::net {

using Task = std::move_only_function<void()>;

class Loop {
 public:
  Loop();
  // Tasks that have not run are destroyed with the loop.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs what is posted and what sockets and timers bring, on the calling thread, until stop(), which may have been
  // before. Then it may be run again.
  void run();
  // Any thread.
  void stop();
  // Any thread. The task runs in run(), after everything that is ready already; never inside this call.
  void post(Task task);
  // Any thread. Runs the task at once if this is the thread in run(), else posts it.
  void dispatch(Task task);
  // Calls back on SIGTERM or SIGINT, each time one comes, until the loop stops. One loop of a process only.
  void on_termination_signals(std::move_only_function<void()> callback);
  // The same for SIGHUP, which no longer ends the process from this call on, whether run() has begun or not.
  void on_hangup_signal(std::move_only_function<void()> callback);

  struct Parts;
  Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

// A one-shot timer of a loop's thread. Starting it again replaces what was pending; destroying it cancels.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start(std::chrono::milliseconds delay, Task task);
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Milliseconds of a clock that never goes back (CLOCK_MONOTONIC).
std::uint64_t steady_ms();
std::uint64_t steady_us();

}  // namespace fanfare::net
