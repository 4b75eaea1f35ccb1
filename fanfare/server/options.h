// What `fanfare serve` is told: the configuration of a server, checked and complete.
// A value; set up before the threads start.
#pragma once

#include <string>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/limits.h"
#include "fanfare/net/tls_context.h"

namespace fanfare {

// What a subscriber gets whose Last-Event-ID the log does not know.
enum class UnknownId {
  kLive,    // what is published from now on
  kReplay,  // all that the log holds first
};

// What stays as it is while the server runs.
struct FixedOptions {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  // ADDR:PORT; port 0: any free one
  std::vector<std::string> tls_listen;                   // the same with TLS
  std::size_t threads = 0;                               // 0: one for each core
  bool development = false;                              // loopback only, anonymous subscribing, a token of its own
  UnknownId unknown_id = UnknownId::kLive;
  bool subscriptions = false;        // tell of active subscriptions: by updates and by requests
  bool store_subscriptions = false;  // keep those updates in the log like all others
  bool access_log = true;
  // Every connection begins with a PROXY header, version 2, and comes from one of trusted_proxies; others are closed.
  bool proxy_protocol = false;
  std::string version;
};

// With what a running server may be told anew: what a Policy is made of.
struct ServerOptions : FixedOptions {
  AuthorizerOptions access;
  std::vector<std::string> cors_origins;         // as in Origins::parse
  std::vector<std::string> publish_origins;      // whose pages may publish with a cookie; the same, without "*"
  std::vector<std::string> content_codings;      // of event streams, as in parse_codings
  std::vector<std::string> trusted_proxies;      // ADDR or ADDR/BITS: their X-Forwarded-For and Forwarded are believed
  std::vector<net::TlsIdentity> tls_identities;  // one at least where tls_listen has any
  Limits limits;
};

}  // namespace fanfare
