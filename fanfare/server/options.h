// What `fanfare serve` is told: the configuration of a server, checked and complete.
// A value; set up before the threads start.
#pragma once

#include <string>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/limits.h"

namespace fanfare {

struct ServerOptions {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  // ADDR:PORT; port 0: any free one
  std::size_t threads = 0;                               // 0: one for each core
  bool development = false;                              // loopback only, anonymous subscribing, a token of its own
  AuthorizerOptions access;
  std::vector<std::string> cors_origins;  // as in Origins::parse
  bool access_log = true;
  std::string version;
  Limits limits;
};

}  // namespace fanfare
