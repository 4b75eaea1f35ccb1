// What SIGHUP does to a running hub: reads the configuration again, puts in force what can change, and says what did,
// what cannot, or why nothing did. One thread: that of Server::run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fanfare/cli/serve_config.h"
#include "fanfare/observe/log.h"
#include "fanfare/server/server.h"

namespace fanfare::cli {

// Names of settings, and of limits as "limits.heartbeat_ms".
struct Changes {
  std::vector<std::string> taken;  // what a running hub takes over
  std::vector<std::string> need_restart;
};

// What has another value in `now`, or another text in the file that it names. in_force: what the hub goes by at last;
// for what needs a restart, started: what it was started with.
Changes changes_between(const ServeConfig& started, const ServeConfig& in_force, const ServeConfig& now);

class Reloader {
 public:
  // arguments, server and log are borrowed. config: what the server was opened with. make_source: knows the sources
  // that it was opened with, so that those go on which are still wanted.
  Reloader(const ServeArguments& arguments, const ServeConfig& config, MakeSource make_source, Server& server, Log& log)
      : arguments_(arguments),
        started_(config),
        in_force_(config),
        make_source_(std::move(make_source)),
        server_(server),
        log_(log) {}

  void reload();

 private:
  const ServeArguments& arguments_;
  const ServeConfig started_;
  ServeConfig in_force_;
  const MakeSource make_source_;
  Server& server_;
  Log& log_;
};

void warn_of_weak_keys(const ServeConfig& config, Log& log);
// Of a certificate that the hub has made itself: writes it to its files if it is new, and says where it is.
Result<void> keep_certificate(const ServeConfig& config, Log& log);

}  // namespace fanfare::cli
