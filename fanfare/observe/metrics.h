// The numbers that a running hub shows: plain counters, one set per shard, each written by that shard's thread alone
// and read by any (relaxed; a reader sees each counter whole, not all at one instant).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fanfare {

// One writer, any readers: no read-modify-write instruction on the writer's path.
class Counter {
 public:
  void add(std::uint64_t n = 1) { set(value() + n); }
  void subtract(std::uint64_t n = 1) { set(value() - n); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Why a request or a connection was refused; the label "reason" of fanfare_refusals_total.
enum class Refusal {
  kBadRequest,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kMethod,
  kTimeout,
  kTooLarge,
  kOverloaded,
  kOther,
};
inline constexpr std::size_t kRefusals = 9;
std::string_view refusal_name(Refusal refusal);
Refusal refusal_of_status(int status);

// How the event stream of an audience was compressed; the label "form" of fanfare_compressed_total.
enum class CodedForm { kStandalone, kGroup, kPrimed };
inline constexpr std::size_t kCodedForms = 3;

struct alignas(128) ShardCounters {
  Counter connections;  // gauge: open now
  Counter connections_total;
  Counter requests_total;
  Counter tls_failures_total;           // TLS handshakes that failed
  Counter proxy_header_failures_total;  // connections whose PROXY header was wrong, or from who may send none
  Counter subscribers;                  // gauge
  Counter subscribers_total;
  Counter audiences;             // gauge
  Counter updates_total;         // published through this shard
  Counter held_publishes_total;  // publish requests that waited for the shards to dispatch
  Counter deliveries_total;      // updates handed whole to subscribers' sockets
  Counter sent_bytes_total;      // event-stream bytes written to sockets, framing included
  Counter writes_total;          // send() calls for streams that took bytes
  Counter catch_ups_total;       // subscribers that began to read the log
  Counter evictions_total;       // subscribers moved from a queue to catch-up
  Counter resets_total;          // connections reset to keep the budget
  Counter held_bytes;            // gauge: units, tails and catch-up buffers
  Counter compressor_bytes;      // gauge: compressors of audiences, in the budget like held_bytes
  std::array<Counter, kCodedForms> compressed_total;
  std::array<Counter, kRefusals> refusals_total;
};

// Keys that are fetched from a URL.
struct FetchedKeys {
  std::string url;
  std::size_t keys = 0;
  std::uint64_t fetches_total = 0;
  std::uint64_t failures_total = 0;
  std::optional<std::int64_t> fetched_at_s = {};  // Unix time
};

// How often a limit was reached.
struct LimitRefusals {
  std::string_view limit;  // its name
  std::uint64_t total = 0;
};

// The Prometheus text exposition (format 0.0.4) of the sums over all shards, with fanfare_ names, HELP and TYPE;
// fanfare_build_info{version}, fanfare_shards, and what is known of limits, by name, and fetched keys, by URL.
std::string render_metrics(std::span<const ShardCounters* const> shards, std::string_view version,
                           std::span<const LimitRefusals> limits = {}, std::span<const FetchedKeys> fetched_keys = {});

}  // namespace fanfare
