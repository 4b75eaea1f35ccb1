// Where event sources live: one thread that connects, reads and calls their handlers. Sources on the same loop share
// connections: over HTTP/2 one to each server.
// A handle: copies mean the same loop. Any thread.
#pragma once

#include <memory>
#include <utility>

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): Boost's
}

namespace fanfare::client {

class Loop {
 public:
  // A thread of its own, which ends with the last handle and the last source on it.
  Loop();
  // The program's, borrowed: it must outlive the sources, and one thread alone may run it. The sources on it are then
  // used on that thread only.
  explicit Loop(boost::asio::io_context& context);
  // The thread that all share who ask for no other.
  static Loop shared();

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  explicit Loop(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace fanfare::client
