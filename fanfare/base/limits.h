// Every bound of the system, with its unit in its name. The members are defaults that the configuration may override
// (`fanfare serve --limit NAME=VALUE`, see set_limit); the constants are facts of the design that tests rely on.
// Values; a Limits is set up before the threads start and only read afterwards.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare {

struct Limits {
  // Requests.
  std::size_t request_head_bytes_max = 16 * 1024;
  std::size_t request_headers_max = 100;
  // The largest update, percent-encoded to the last byte, and its other fields. A larger body is answered 413.
  std::size_t request_body_bytes_max = 3 * 1024 * 1024 + 64 * 1024;
  std::size_t request_idle_ms = 10'000;
  std::size_t keep_alive_idle_ms = 75'000;
  std::size_t linger_ms = 2'000;

  // Updates.
  std::size_t update_bytes_max = 1024 * 1024;
  std::size_t topics_per_update_max = 1'000;
  std::size_t topic_bytes_max = 4'096;
  std::size_t event_id_bytes_max = 1'024;
  std::size_t event_type_bytes_max = 1'024;
  std::size_t updates_per_batch_max = 10'000;  // of one request with JSON lines

  // Subscriptions.
  std::size_t selectors_per_subscription_max = 100;
  std::size_t selector_bytes_max = 4'096;
  std::size_t heartbeat_ms = 15'000;
  std::size_t unacknowledged_ms = 300'000;  // TCP_USER_TIMEOUT: a peer that reads nothing for so long
  std::size_t dead_peer_ms = 60'000;        // a peer of which nothing is heard for so long, not even by TCP

  // Fan-out. budget_bytes 0: a quarter of the machine's memory (of the cgroup's, where it is smaller).
  std::size_t unit_bytes_max = 64 * 1024;
  std::size_t audience_units_bytes_max = 256 * 1024;
  std::size_t budget_bytes = 0;
  std::size_t topic_cache_bytes_max = 8 * 1024 * 1024;
  std::size_t compiled_selectors_bytes_max = 64 * 1024 * 1024;
  std::size_t flush_us_max = 1'000;
  std::size_t turn_bytes_max = 1024 * 1024;              // updates that one turn dispatches
  std::size_t undispatched_bytes_max = 8 * 1024 * 1024;  // of one shard; beyond it publishers wait
  std::size_t unsent_bytes_max = 64 * 1024;              // TCP_NOTSENT_LOWAT

  // Catch-up: one read of the log. catch_up_reads_max: under way at once in one shard; what they bring is rendered and
  // written in one turn, which those who are live wait for, and until then the budget does not know of it.
  std::size_t catch_up_read_bytes_max = 64 * 1024;
  std::size_t catch_up_scan_updates_max = 4'096;
  std::size_t catch_up_reads_max = 2;

  // The event log in memory.
  std::size_t memory_log_updates_max = 1'000'000;
  std::size_t memory_log_bytes_max = 256 * 1024 * 1024;
  std::size_t transient_bytes_max = 32 * 1024 * 1024;  // beside those: updates that are not stored, as of subscriptions

  // What the durable event log keeps; 0: no bound. The oldest updates go first, of the log or of their topic.
  std::size_t history_age_ms_max = 0;
  std::size_t history_bytes_max = 0;
  std::size_t history_updates_max = 0;
  std::size_t history_updates_per_topic_max = 0;

  // The file of rules of topics (--history-rules).
  std::size_t rule_file_bytes_max = 256 * 1024;
  std::size_t rules_max = 100;
  std::size_t rule_templates_max = 1'000;

  // The keys that tokens are checked with: one file (or argument), and what it holds.
  std::size_t key_file_bytes_max = 256 * 1024;
  std::size_t keys_max = 100;

  // Keys that are fetched from a URL (of at most key_file_bytes_max and keys_max): how long one fetch may take, how
  // long they are used before the next one, whatever Cache-Control says, and how soon a token may cause one with its
  // kid.
  std::size_t jwks_fetch_ms_max = 5'000;
  std::size_t jwks_age_s_min = 60;
  std::size_t jwks_age_s_max = 3'600;
  std::size_t jwks_renew_s_min = 10;

  // The durable event log's work: how often it enforces what it keeps, and what it takes of the machine.
  std::size_t durable_log_check_ms = 1'000;
  std::size_t durable_log_append_queue_bytes_max = 64 * 1024 * 1024;  // not yet written; beyond it appends fail
  std::size_t durable_log_commit_bytes_max = 4 * 1024 * 1024;         // of one write; one update is always allowed
  std::size_t durable_log_tail_bytes_max = 32 * 1024 * 1024;          // recent updates kept in memory for readers
  std::size_t durable_log_cache_bytes_max = 64 * 1024 * 1024;         // blocks of the database
  std::size_t durable_log_reading_threads = 2;
  std::size_t durable_log_free_bytes_min = 64 * 1024 * 1024;  // on the disk; with less, appends fail

  // HTTP/2, of one connection. All tabs of a browser share one, and streams of events stay open: hence more than the
  // usual 100. Rates are buckets that hold burst_s seconds' worth; 0: none. Control frames are those that carry
  // nothing: SETTINGS, PING, PRIORITY, empty DATA, more WINDOW_UPDATEs than data they could answer.
  std::size_t http2_streams_max = 256;
  std::size_t http2_control_frames_per_s = 1'000;
  std::size_t http2_resets_per_s = 100;  // streams that the client resets, or that it makes us reset

  // Content codings. An audience has a compressor of its own from so many subscribers of one coding on, while it is not
  // silent for longer than this; all of them together take at most a quarter of the budget. Who joins waits at least so
  // long, on average, for the compressor to begin afresh, and is sent updates compressed alone meanwhile.
  std::size_t coding_group_subscribers_min = 8;
  std::size_t coding_group_idle_ms = 10'000;
  std::size_t coding_reset_ms_min = 1'000;

  // WebSocket, of one connection: a client's message after inflating, and frames that carry none of its bytes (pings,
  // pongs, empty frames), by such a bucket.
  std::size_t websocket_message_bytes_max = 64 * 1024;
  std::size_t websocket_control_frames_per_s = 100;

  // Long polling: how long an answer may wait, and from how many bytes of updates on it waits for no more.
  std::size_t poll_wait_s_max = 60;
  std::size_t poll_bytes_max = 256 * 1024;

  // Connections. connections_max 0: what RLIMIT_NOFILE allows, less the reserve.
  std::size_t connections_max = 0;
  std::size_t reserved_files = 64;
  std::size_t drain_ms = 10'000;
  std::size_t retry_after_s = 5;
  std::size_t publish_wait_ms = 5'000;
  std::size_t announcements_max = 200'000;  // changes of subscriptions that wait for the log, of one shard

  // Limits against abuse; 0: none. They hold for all shards together. A subject is a token's sub (of its iss), or else
  // the token. Rates are buckets that hold burst_s seconds' worth; rate_buckets_max of each kind are remembered.
  std::size_t connections_per_address_max = 0;
  std::size_t subscribers_max = 0;
  std::size_t subscribers_per_address_max = 0;
  std::size_t subscribers_per_subject_max = 0;
  std::size_t publishes_per_s_per_address_max = 0;
  std::size_t publishes_per_s_per_subject_max = 0;
  std::size_t updates_per_s_per_topic_max = 0;
  std::size_t burst_s = 5;
  std::size_t rate_buckets_max = 50'000;
};

// One member of Limits, for the configuration and for --help.
struct LimitField {
  std::string_view name;
  std::size_t Limits::* member;
};

// All members, in the order of their declaration.
std::span<const LimitField> limit_fields();

// Applies "name=value" (a whole number in the unit of the name). Fails with the list of names when it is unknown.
Result<void> set_limit(Limits& limits, std::string_view assignment);

}  // namespace fanfare
