// Accepts connections for one loop. Several loops may listen on the same address (SO_REUSEPORT): the kernel spreads the
// connections over them. When the process has no file descriptor left, accepting pauses and the connections wait in the
// kernel's backlog. One thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fanfare/base/error.h"
#include "fanfare/net/address.h"
#include "fanfare/net/loop.h"

namespace fanfare::net {

class Listener {
 public:
  // Called with each connected, non-blocking file descriptor, which the callback owns, and the peer's address.
  using OnAccept = std::function<void(int fd, const Address& peer)>;

  // Fails if anybody listens on the address already, this process included.
  static Result<void> check_free(const Address& address);
  // Binds and listens at once; accepts after start(). Fails if the address is taken or not ours.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, const Address& address, OnAccept on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Address address() const;
  void start();
  // Leaves further connections in the backlog until start().
  void pause();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace fanfare::net
