#include "fanfare/net/loop.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "fanfare/net/loop_parts.h"

namespace fanfare::net {
namespace {

using Callback = std::shared_ptr<std::move_only_function<void()>>;

void wait_for_signal(boost::asio::signal_set& signals, const Callback& callback) {
  signals.async_wait([&signals, callback](const boost::system::error_code& error, int) {
    if (error) return;
    (*callback)();
    wait_for_signal(signals, callback);
  });
}

}  // namespace

Loop::Loop() : parts_(std::make_unique<Parts>()) {}
Loop::~Loop() = default;

void Loop::run() {
  const auto stays = boost::asio::make_work_guard(parts_->context);
  parts_->context.run();
  parts_->context.restart();
}

void Loop::stop() {
  parts_->context.stop();
}

void Loop::post(Task task) {
  boost::asio::post(parts_->context, std::move(task));
}

void Loop::dispatch(Task task) {
  boost::asio::dispatch(parts_->context, std::move(task));
}

void Loop::on_termination_signals(std::move_only_function<void()> callback) {
  parts_->termination = std::make_unique<boost::asio::signal_set>(parts_->context, SIGTERM, SIGINT);
  wait_for_signal(*parts_->termination, std::make_shared<std::move_only_function<void()>>(std::move(callback)));
}

void Loop::on_hangup_signal(std::move_only_function<void()> callback) {
  parts_->hangup = std::make_unique<boost::asio::signal_set>(parts_->context, SIGHUP);
  wait_for_signal(*parts_->hangup, std::make_shared<std::move_only_function<void()>>(std::move(callback)));
}

struct Timer::State {
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer;
  std::uint64_t generation = 0;

  explicit State(Loop& loop) : timer(loop.parts().context) {}
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(loop)) {}

Timer::~Timer() {
  cancel();
}

void Timer::start(std::chrono::milliseconds delay, Task task) {
  const std::uint64_t generation = ++state_->generation;
  state_->timer.expires_after(delay);
  state_->timer.async_wait(
      [state = state_, generation, task = std::move(task)](const boost::system::error_code& error) mutable {
        if (!error && generation == state->generation) task();
      });
}

void Timer::cancel() {
  ++state_->generation;
  state_->timer.cancel();
}

std::uint64_t steady_us() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

std::uint64_t steady_ms() {
  return steady_us() / 1000;
}

}  // namespace fanfare::net
