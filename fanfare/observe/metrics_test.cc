#include "fanfare/observe/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace fanfare {
namespace {

// The exposition read back, with its rules checked line by line (Prometheus text format 0.0.4).
struct Exposition {
  std::map<std::string, std::string> types;  // by family
  std::map<std::string, double> samples;     // by name and labels
  explicit Exposition(const std::string& text);
};

Exposition::Exposition(const std::string& text) {
  static const std::regex kHelp(R"(# HELP ([a-z_]+) (.+))");
  static const std::regex kType(R"(# TYPE ([a-z_]+) (counter|gauge))");
  static const std::regex kSample(R"(([a-z_]+)(\{[a-z_]+="(?:[^"\\]|\\.)*"\})? ([0-9.e+]+))");
  EXPECT_TRUE(text.ends_with('\n'));
  std::set<std::string> helped;
  std::string family;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      EXPECT_TRUE(helped.insert(match[1]).second) << "twice: " << line;
    } else if (std::regex_match(line, match, kType)) {
      family = match[1];
      EXPECT_TRUE(helped.contains(family)) << "TYPE before HELP: " << line;
      EXPECT_TRUE(types.emplace(family, match[2]).second) << "twice: " << line;
    } else if (std::regex_match(line, match, kSample)) {
      EXPECT_EQ(match[1], family) << "a sample outside its family";
      EXPECT_TRUE(samples.emplace(match[1].str() + match[2].str(), std::stod(match[3])).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "not a line of the format: " << line;
    }
  }
}

TEST(Metrics, TheExpositionFollowsItsFormat) {
  const ShardCounters shard;
  const ShardCounters* shards[] = {&shard};
  const Exposition exposition(render_metrics(shards, "1.2.3"));
  EXPECT_EQ(exposition.types.size(), 22u);
  EXPECT_EQ(exposition.samples.size(), 20u + kRefusals + kCodedForms);
  for (const auto& [family, type] : exposition.types) {
    EXPECT_TRUE(family.starts_with("fanfare_")) << family;
    EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
  }
  EXPECT_EQ(exposition.samples.at("fanfare_build_info{version=\"1.2.3\"}"), 1);
}

TEST(Metrics, EveryCounterIsTheSumOverTheShards) {
  const struct {
    const char* name;
    Counter ShardCounters::* member;
  } rows[] = {
      {"fanfare_connections", &ShardCounters::connections},
      {"fanfare_connections_total", &ShardCounters::connections_total},
      {"fanfare_requests_total", &ShardCounters::requests_total},
      {"fanfare_tls_failures_total", &ShardCounters::tls_failures_total},
      {"fanfare_proxy_header_failures_total", &ShardCounters::proxy_header_failures_total},
      {"fanfare_subscribers", &ShardCounters::subscribers},
      {"fanfare_subscribers_total", &ShardCounters::subscribers_total},
      {"fanfare_audiences", &ShardCounters::audiences},
      {"fanfare_updates_total", &ShardCounters::updates_total},
      {"fanfare_held_publishes_total", &ShardCounters::held_publishes_total},
      {"fanfare_deliveries_total", &ShardCounters::deliveries_total},
      {"fanfare_sent_bytes_total", &ShardCounters::sent_bytes_total},
      {"fanfare_writes_total", &ShardCounters::writes_total},
      {"fanfare_catch_ups_total", &ShardCounters::catch_ups_total},
      {"fanfare_evictions_total", &ShardCounters::evictions_total},
      {"fanfare_resets_total", &ShardCounters::resets_total},
      {"fanfare_held_bytes", &ShardCounters::held_bytes},
      {"fanfare_compressor_bytes", &ShardCounters::compressor_bytes},
  };
  // Together with the refusals these are all there are: a new counter must be rendered too.
  static_assert(std::size(rows) + kRefusals + kCodedForms == 30 && sizeof(ShardCounters) == 256);
  ShardCounters one;
  ShardCounters two;
  std::uint64_t value = 100;
  for (const auto& row : rows) {
    (one.*row.member).add(++value);
    (two.*row.member).add(1'000'000'000'000);
  }
  for (std::size_t i = 0; i < kRefusals; ++i) two.refusals_total[i].set(i + 1);
  for (std::size_t i = 0; i < kCodedForms; ++i) two.compressed_total[i].set(i + 10);
  const ShardCounters* shards[] = {&one, &two};
  const Exposition exposition(render_metrics(shards, ""));
  value = 100;
  for (const auto& row : rows)
    EXPECT_EQ(exposition.samples.at(row.name), 1e12 + static_cast<double>(++value)) << row.name;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    const auto label = "{reason=\"" + std::string(refusal_name(static_cast<Refusal>(i))) + "\"}";
    EXPECT_EQ(exposition.samples.at("fanfare_refusals_total" + label), static_cast<double>(i + 1));
  }
  const char* forms[] = {"standalone", "group", "primed"};
  for (std::size_t i = 0; i < kCodedForms; ++i) {
    const auto label = std::string("{form=\"") + forms[i] + "\"}";
    EXPECT_EQ(exposition.samples.at("fanfare_compressed_total" + label), static_cast<double>(i + 10));
  }
  EXPECT_EQ(exposition.samples.at("fanfare_shards"), 2);
}

TEST(Metrics, LimitsAndFetchedKeysHaveASampleEach) {
  const LimitRefusals limits[] = {{"one_max", 3}, {"other_max", 0}};
  const FetchedKeys keys[] = {
      {.url = "https://a/", .keys = 2, .fetches_total = 5, .failures_total = 1, .fetched_at_s = 1'700'000'000},
      {.url = "https://b/", .keys = 0, .fetches_total = 4, .failures_total = 4}};
  const Exposition exposition(render_metrics({}, "", limits, keys));
  EXPECT_EQ(exposition.samples.at("fanfare_limit_refusals_total{limit=\"one_max\"}"), 3);
  EXPECT_EQ(exposition.samples.at("fanfare_limit_refusals_total{limit=\"other_max\"}"), 0);
  EXPECT_EQ(exposition.samples.at("fanfare_jwks_keys{url=\"https://a/\"}"), 2);
  EXPECT_EQ(exposition.samples.at("fanfare_jwks_fetches_total{url=\"https://a/\"}"), 5);
  EXPECT_EQ(exposition.samples.at("fanfare_jwks_failures_total{url=\"https://b/\"}"), 4);
  EXPECT_EQ(exposition.samples.at("fanfare_jwks_fetched_timestamp_seconds{url=\"https://a/\"}"), 1.7e9);
  EXPECT_EQ(exposition.samples.count("fanfare_jwks_fetched_timestamp_seconds{url=\"https://b/\"}"), 0u);
}

TEST(Metrics, AVersionCannotBreakOutOfItsLabel) {
  const Exposition exposition(render_metrics({}, "a\"b\\\nc"));
  EXPECT_EQ(exposition.samples.count(R"(fanfare_build_info{version="a\"b\\\nc"})"), 1u);
  EXPECT_EQ(exposition.samples.at("fanfare_shards"), 0);
}

TEST(Metrics, ACounterCountsUpAndDown) {
  Counter counter;
  counter.add();
  counter.add(10);
  counter.subtract(4);
  EXPECT_EQ(counter.value(), 7u);
  counter.set(3);
  EXPECT_EQ(counter.value(), 3u);
}

TEST(Metrics, AStatusHasOneReason) {
  const std::map<int, std::string_view> reasons = {
      {400, "bad_request"}, {401, "unauthorized"}, {403, "forbidden"},   {404, "not_found"},   {405, "method"},
      {408, "timeout"},     {411, "bad_request"},  {413, "too_large"},   {414, "bad_request"}, {417, "bad_request"},
      {429, "overloaded"},  {431, "bad_request"},  {501, "bad_request"}, {503, "overloaded"},  {505, "bad_request"},
      {500, "other"},       {418, "other"},        {0, "other"},
  };
  for (const auto& [status, reason] : reasons) EXPECT_EQ(refusal_name(refusal_of_status(status)), reason) << status;
}

}  // namespace
}  // namespace fanfare
