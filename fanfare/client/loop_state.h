// Inside of Loop, for the sources of this room.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "fanfare/client/loop.h"
#include "fanfare/client/transfer.h"

namespace fanfare::client {

// What runs on the thread; sources hold on to it.
struct LoopContext {
  explicit LoopContext(boost::asio::io_context* borrowed)
      : own(borrowed == nullptr ? std::make_unique<boost::asio::io_context>(1) : nullptr),
        context(borrowed == nullptr ? *own : *borrowed),
        transfers(context) {}

  // Whether this is the thread on which the sources' calls are made. Always, where the program runs it.
  bool is_here() const { return own == nullptr || std::this_thread::get_id() == thread; }

  const std::unique_ptr<boost::asio::io_context> own;  // null: the program's
  std::thread::id thread;                              // of its own; set before it has any work
  boost::asio::io_context& context;
  TransferLoop transfers;
};

struct Loop::State {
  explicit State(boost::asio::io_context* borrowed);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const std::shared_ptr<LoopContext> inside;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
  std::thread thread;
};

}  // namespace fanfare::client
