#include "fanfare/observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <vector>

namespace fanfare {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array<std::string_view, kRefusals> kRefusalNames = {
    "bad_request", "unauthorized", "forbidden", "not_found", "method", "timeout", "too_large", "overloaded", "other"};

constexpr std::array<std::string_view, kCodedForms> kCodedFormNames = {"standalone", "group", "primed"};

struct Family {
  const char* name;
  const char* help;
  MetricType type;
  Counter ShardCounters::* member;
};

constexpr std::array kFamilies = {
    Family{"fanfare_connections", "Connections that are open.", MetricType::Gauge, &ShardCounters::connections},
    Family{"fanfare_connections_total", "Connections accepted.", MetricType::Counter,
           &ShardCounters::connections_total},
    Family{"fanfare_requests_total", "Requests received.", MetricType::Counter, &ShardCounters::requests_total},
    Family{"fanfare_tls_failures_total", "TLS handshakes that failed.", MetricType::Counter,
           &ShardCounters::tls_failures_total},
    Family{"fanfare_proxy_header_failures_total", "Connections without a good PROXY header.", MetricType::Counter,
           &ShardCounters::proxy_header_failures_total},
    Family{"fanfare_subscribers", "Subscribers that are connected.", MetricType::Gauge, &ShardCounters::subscribers},
    Family{"fanfare_subscribers_total", "Subscribers accepted.", MetricType::Counter,
           &ShardCounters::subscribers_total},
    Family{"fanfare_audiences", "Audiences: sets of subscribers with the same selectors and grants, one per shard.",
           MetricType::Gauge, &ShardCounters::audiences},
    Family{"fanfare_updates_total", "Updates published.", MetricType::Counter, &ShardCounters::updates_total},
    Family{"fanfare_held_publishes_total",
           "Publish requests that waited because the shards could not dispatch so fast.", MetricType::Counter,
           &ShardCounters::held_publishes_total},
    Family{"fanfare_deliveries_total", "Updates handed whole to subscribers' sockets.", MetricType::Counter,
           &ShardCounters::deliveries_total},
    Family{"fanfare_sent_bytes_total", "Event-stream bytes written to sockets, framing included.", MetricType::Counter,
           &ShardCounters::sent_bytes_total},
    Family{"fanfare_writes_total", "Writes to sockets of event streams that took bytes.", MetricType::Counter,
           &ShardCounters::writes_total},
    Family{"fanfare_catch_ups_total", "Times that a subscriber began to read the event log.", MetricType::Counter,
           &ShardCounters::catch_ups_total},
    Family{"fanfare_evictions_total", "Times that a subscriber fell behind its queue and went on from the event log.",
           MetricType::Counter, &ShardCounters::evictions_total},
    Family{"fanfare_resets_total", "Connections reset to keep the memory budget.", MetricType::Counter,
           &ShardCounters::resets_total},
    Family{"fanfare_held_bytes", "Bytes held for subscribers: units, unsent tails and catch-up buffers.",
           MetricType::Gauge, &ShardCounters::held_bytes},
    Family{"fanfare_compressor_bytes", "Bytes of the compressors that audiences have.", MetricType::Gauge,
           &ShardCounters::compressor_bytes},
};

template <typename CounterOf>
double sum(std::span<const ShardCounters* const> shards, CounterOf counter_of) {
  std::uint64_t total = 0;
  for (const ShardCounters* shard : shards) total += counter_of(*shard).value();
  return static_cast<double>(total);
}

ClientMetric sample(MetricType type, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

MetricFamily refusals(std::span<const ShardCounters* const> shards) {
  MetricFamily family{"fanfare_refusals_total", "Requests and connections refused.", MetricType::Counter, {}};
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const auto counter_of = [i](const ShardCounters& shard) -> const Counter& { return shard.refusals_total[i]; };
    family.metric.push_back(sample(family.type, sum(shards, counter_of), {{"reason", std::string(kRefusalNames[i])}}));
  }
  return family;
}

MetricFamily compressed(std::span<const ShardCounters* const> shards) {
  MetricFamily family{"fanfare_compressed_total",
                      "Pieces of event streams compressed, each for all who get it.",
                      MetricType::Counter,
                      {}};
  for (std::size_t i = 0; i < kCodedForms; ++i) {
    const auto counter_of = [i](const ShardCounters& shard) -> const Counter& { return shard.compressed_total[i]; };
    family.metric.push_back(sample(family.type, sum(shards, counter_of), {{"form", std::string(kCodedFormNames[i])}}));
  }
  return family;
}

MetricFamily limit_refusals(std::span<const LimitRefusals> limits) {
  MetricFamily family{"fanfare_limit_refusals_total",
                      "Connections, streams and publishes refused by a limit against abuse.",
                      MetricType::Counter,
                      {}};
  for (const auto& [limit, total] : limits) {
    family.metric.push_back(sample(family.type, static_cast<double>(total), {{"limit", std::string(limit)}}));
  }
  return family;
}

void append_fetched_keys(std::vector<MetricFamily>& families, std::span<const FetchedKeys> fetched_keys) {
  if (fetched_keys.empty()) return;
  MetricFamily keys{"fanfare_jwks_keys", "Keys of a URL that can be used.", MetricType::Gauge, {}};
  MetricFamily fetches{"fanfare_jwks_fetches_total", "Times that keys were asked for.", MetricType::Counter, {}};
  MetricFamily failures{"fanfare_jwks_failures_total", "Times that no keys came.", MetricType::Counter, {}};
  MetricFamily fetched_at{"fanfare_jwks_fetched_timestamp_seconds",
                          "When the keys were last known to be those of the URL (Unix time).",
                          MetricType::Gauge,
                          {}};
  for (const FetchedKeys& each : fetched_keys) {
    const auto add = [&](MetricFamily& family, auto value) {
      family.metric.push_back(sample(family.type, static_cast<double>(value), {{"url", each.url}}));
    };
    add(keys, each.keys);
    add(fetches, each.fetches_total);
    add(failures, each.failures_total);
    if (each.fetched_at_s) add(fetched_at, *each.fetched_at_s);
  }
  for (MetricFamily* family : {&keys, &fetches, &failures, &fetched_at}) families.push_back(std::move(*family));
}

}  // namespace

std::string_view refusal_name(Refusal refusal) {
  return kRefusalNames[static_cast<std::size_t>(refusal)];
}

Refusal refusal_of_status(int status) {
  switch (status) {
    case 400:
    case 411:
    case 414:
    case 417:
    case 431:
    case 501:
    case 505:
      return Refusal::kBadRequest;
    case 401:
      return Refusal::kUnauthorized;
    case 403:
      return Refusal::kForbidden;
    case 404:
      return Refusal::kNotFound;
    case 405:
      return Refusal::kMethod;
    case 408:
      return Refusal::kTimeout;
    case 413:
      return Refusal::kTooLarge;
    case 429:
    case 503:
      return Refusal::kOverloaded;
    default:
      return Refusal::kOther;
  }
}

std::string render_metrics(std::span<const ShardCounters* const> shards, std::string_view version,
                           std::span<const LimitRefusals> limits, std::span<const FetchedKeys> fetched_keys) {
  std::vector<MetricFamily> families;
  for (const auto& [name, help, type, member] : kFamilies) {
    const auto counter_of = [of = member](const ShardCounters& shard) -> const Counter& { return shard.*of; };
    families.push_back({name, help, type, {sample(type, sum(shards, counter_of))}});
  }
  families.push_back(refusals(shards));
  families.push_back(compressed(shards));
  if (!limits.empty()) families.push_back(limit_refusals(limits));
  append_fetched_keys(families, fetched_keys);
  families.push_back({"fanfare_shards",
                      "Shards: one thread each.",
                      MetricType::Gauge,
                      {sample(MetricType::Gauge, static_cast<double>(shards.size()))}});
  families.push_back({"fanfare_build_info",
                      "Always 1; the version is in the label.",
                      MetricType::Gauge,
                      {sample(MetricType::Gauge, 1, {{"version", std::string(version)}})}});
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace fanfare
