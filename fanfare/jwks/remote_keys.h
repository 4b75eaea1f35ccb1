// The keys under one URL: a source that fetches them on a thread of its own, for as long as it lives.
// What it is not: refresh.h decides when to fetch and what answers mean; transport.h brings them.
#pragma once

#include <memory>
#include <optional>

#include "fanfare/access/key_source.h"
#include "fanfare/base/clock.h"
#include "fanfare/base/limits.h"
#include "fanfare/jwks/jwks_url.h"
#include "fanfare/jwks/transport.h"
#include "fanfare/observe/log.h"

namespace fanfare::jwks {

struct RemoteKeysOptions {
  JwksUrl url;
  std::optional<Algorithm> wanted;  // as in KeySet::parse
  Limits limits;
  std::unique_ptr<Transport> transport;
  UnixClock steady_ms = steady_clock_ms;  // tests turn it; waiting is by the real one
};

// Begins to fetch at once; log is borrowed. Its end waits for a fetch to be cancelled.
std::shared_ptr<KeySource> fetch_keys(RemoteKeysOptions options, Log& log);

}  // namespace fanfare::jwks
