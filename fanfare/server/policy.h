// Who may do what, and within which bounds: what a running server can be told anew (Server::replace). Each shard has a
// copy of its own, which changes between two tasks of its loop: so no request takes a lock for it or counts references,
// and whoever holds a reference to a part of the shard's policy sees the new one from the next task on.
// A value; its parts are immutable.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/origins.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/coding/coding.h"
#include "fanfare/net/ip_address.h"
#include "fanfare/net/tls_context.h"
#include "fanfare/server/options.h"

namespace fanfare {

struct Policy {
  Limits limits;
  std::size_t connections_max;  // of the process
  Authorizer authorizer;
  Origins origins;              // whose pages may read
  Origins publish_origins;      // whose pages may publish with a cookie
  std::vector<Coding> codings;  // of event streams, the preferred ones first
  std::vector<net::IpRange> trusted_proxies;
  std::shared_ptr<const net::TlsContext> tls;  // of connections that come from now on; null: there are no certificates
};

// Content codings by their names, the preferred ones first; identity comes last if it is not among them. None are all.
Result<std::vector<Coding>> parse_codings(std::span<const std::string> names);

// threads and limits.budget_bytes must have been decided: neither is 0. Raises the process's soft limit of open files
// to the hard one, which connections_max is bounded by. tickets: those of the server, whatever its certificates.
Result<Policy> make_policy(const ServerOptions& options, std::shared_ptr<net::TlsTickets> tickets);

}  // namespace fanfare
