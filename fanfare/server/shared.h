// What the shards of one server share. Everything here is immutable while they run, or safe for any thread. What may
// change meanwhile is each shard's own (policy.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "fanfare/history/event_log.h"
#include "fanfare/observe/log.h"
#include "fanfare/observe/metrics.h"
#include "fanfare/server/active_subscriptions.h"
#include "fanfare/server/off_thread_worker.h"
#include "fanfare/server/options.h"
#include "fanfare/server/quotas.h"

namespace fanfare {

struct Shared {
  const FixedOptions& options;
  EventLog& history;
  Log& log;
  ActiveSubscriptions& active_subscriptions;  // empty unless options.subscriptions
  Quotas& quotas;
  OffThreadWorker& worker;
  std::vector<const ShardCounters*> counters;  // of all shards
  std::size_t budget_bytes_per_shard = 0;
  std::atomic<std::size_t> connections{0};
  std::atomic<int> overfull_feeds{0};
  std::atomic<std::size_t> listing_bytes{0};  // lists of subscriptions that are being sent
};

}  // namespace fanfare
