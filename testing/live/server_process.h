// `fanfare serve` as a process of its own on a free port of this machine, and what can be seen of it from outside.
// It is killed at the end of its life. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "testing/live/child_process.h"
#include "testing/live/http_client.h"

namespace fanfare::live {

struct ServerProcessOptions {
  std::vector<std::string> limits = {};       // NAME=VALUE
  std::vector<std::string> arguments = {};    // more of `fanfare serve`
  std::vector<std::string> environment = {};  // NAME=value
  bool anonymous = true;                      // anybody may subscribe
  bool access_log = false;
  std::size_t files_max = 0;       // RLIMIT_NOFILE; 0: as many as the test may have
  std::uint16_t port = 0;          // 0: any free one
  std::string data = {};           // directory of the event log; empty: it is in memory
  std::string history_rules = {};  // file; empty: none
};

class ServerProcess {
 public:
  // Returns when it is ready; if it does not become so, the test fails and port() is 0.
  // Publishing takes token().
  explicit ServerProcess(const ServerProcessOptions& options = {});

  std::uint16_t port() const { return port_; }
  std::string url() const;    // of the hub
  std::string token() const;  // grants all
  // Signed with the key of publishers and subscribers.
  static std::string token_with(const Grants& grants);
  ChildProcess& process() { return process_; }
  // kill -9; returns when it is gone, so that another may have its port and its directory.
  void kill();
  const ChildProcess& process() const { return process_; }

  bool is_healthy() const;
  // A sample of /metrics by its name (and labels); -1 if there is none.
  double metric(std::string_view name) const;
  // Waits until a sample has this value.
  bool metric_becomes(std::string_view name, double value) const;
  // Waits until nobody is behind.
  bool holds_next_to_nothing() const;
  // Waits until only the connection that asks is open, and nothing is kept for others.
  bool is_deserted() const;

  double cpu_seconds() const;  // user and system, all threads
  std::size_t resident_bytes() const;

 private:
  ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace fanfare::live
