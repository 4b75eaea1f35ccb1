// A hub as a whole: the shards, one thread each, and what they share. Made, run and destroyed by one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history/event_log.h"
#include "fanfare/observe/log.h"
#include "fanfare/server/options.h"

namespace fanfare {

class Server {
 public:
  // Checks the options and listens; connections are accepted by run(). history and log are borrowed.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, EventLog& history, Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the ports that were found: "127.0.0.1:8080".
  std::vector<std::string> addresses() const;
  std::size_t threads() const;

  // Serves until SIGTERM, SIGINT or stop() has drained it: no new streams, open ones told to come back later and ended,
  // then an end within limits.drain_ms. A second one ends at once.
  void run();
  // Any thread.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// A quarter of the memory that this process may use (of the machine, or of its cgroup where that is smaller), in bytes.
std::size_t default_budget_bytes();

}  // namespace fanfare
