// A hub as a whole: the shards, one thread each, and what they share. Made, run and destroyed by one thread.
#pragma once

#include <cstddef>
#include <functional>
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
  // Whether open() would take the options, as far as that can be told without listening; and where to listen, alone.
  static Result<void> check(const ServerOptions& options);
  static Result<void> check_addresses(const FixedOptions& options);
  // Checks the options and listens; connections are accepted by run(). history and log are borrowed.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, EventLog& history, Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the ports that were found: "127.0.0.1:8080", and with TLS "https://127.0.0.1:8443".
  std::vector<std::string> addresses() const;
  std::size_t threads() const;

  // Serves until SIGTERM, SIGINT or stop() has drained it: no new streams, open ones told to come back later and ended,
  // then an end within limits.drain_ms. A second one ends at once.
  void run();
  // Any thread.
  void stop();

  // Puts the access, the certificates, the origins and the limits of these options in force, or nothing if it fails;
  // what else they say is not looked at, nor is budget_bytes. Requests that come afterwards are judged by them. No
  // connection ends: a stream that an older key or origin let in goes on until its token expires. Some limits were used
  // up at the start: topic_cache_bytes_max, compiled_selectors_bytes_max and undispatched_bytes_max, and those of the
  // event log. Any thread, one at a time.
  Result<void> replace(ServerOptions options);
  // Calls back on SIGHUP, in run(). The signal no longer ends the process from this call on.
  void on_hangup(std::move_only_function<void()> callback);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// A quarter of the memory that this process may use (of the machine, or of its cgroup where that is smaller), in bytes.
std::size_t default_budget_bytes();

}  // namespace fanfare
