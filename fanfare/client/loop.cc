#include "fanfare/client/loop.h"

#include <mutex>

#include "fanfare/client/loop_state.h"

namespace fanfare::client {

Loop::State::State(boost::asio::io_context* borrowed) : inside(std::make_shared<LoopContext>(borrowed)) {
  if (borrowed != nullptr) return;
  work.emplace(inside->context.get_executor());
  thread = std::thread([held = inside] {
    held->context.run();
    // What sources that ended last have left to do.
    do held->context.restart();
    while (held->context.poll() > 0);
  });
  inside->thread = thread.get_id();
}

Loop::State::~State() {
  if (!thread.joinable()) return;
  inside->context.stop();
  inside->is_here() ? thread.detach() : thread.join();
}

Loop::Loop() : state_(std::make_shared<State>(nullptr)) {}
Loop::Loop(boost::asio::io_context& context) : state_(std::make_shared<State>(&context)) {}

Loop Loop::shared() {
  static std::mutex mutex;
  static std::weak_ptr<State> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<State> state = current.lock();
  if (state == nullptr) current = state = std::make_shared<State>(nullptr);
  return Loop(std::move(state));
}

}  // namespace fanfare::client
