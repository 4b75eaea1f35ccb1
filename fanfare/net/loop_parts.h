// What is inside a Loop; for the sources of this room.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>

#include "fanfare/net/loop.h"

namespace fanfare::net {

struct Loop::Parts {
  boost::asio::io_context context{1};  // one thread runs it
  std::unique_ptr<boost::asio::signal_set> termination;
  std::unique_ptr<boost::asio::signal_set> hangup;
};

}  // namespace fanfare::net
