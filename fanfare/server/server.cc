#include "fanfare/server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <limits>
#include <thread>

#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

// Below this a single large update could not be replayed.
constexpr std::size_t kBudgetLeastUpdates = 8;

// Raises the soft limit to the hard one; returns how many files the process may have open.
std::size_t raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

std::size_t connections_allowed(const Limits& limits) {
  const std::size_t files = raise_file_limit();
  const std::size_t possible = files > 2 * limits.reserved_files ? files - limits.reserved_files : files / 2;
  return limits.connections_max == 0 ? possible : std::min(limits.connections_max, possible);
}

Result<std::vector<net::IpRange>> parse_ranges(const std::vector<std::string>& texts) {
  std::vector<net::IpRange> ranges;
  for (const auto& text : texts) {
    const auto range = net::IpRange::parse(text);
    if (!range) return std::unexpected(range.error());
    ranges.push_back(*range);
  }
  return ranges;
}

}  // namespace

std::size_t default_budget_bytes() {
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
  std::string word;
  std::size_t kilobytes = 0;
  std::ifstream meminfo("/proc/meminfo");
  if (meminfo >> word >> kilobytes && word == "MemTotal:") bytes = kilobytes * 1024;
  std::ifstream cgroup("/sys/fs/cgroup/memory.max");
  if (std::size_t limit = 0; cgroup >> limit) bytes = std::min(bytes, limit);
  return bytes / 4;
}

struct Server::State {
  State(ServerOptions checked, EventLog& history, Log& to, Origins reading, Origins publishing,
        std::vector<net::IpRange> proxies)
      : options(std::move(checked)),
        authorizer(options.access),
        origins(std::move(reading)),
        publish_origins(std::move(publishing)),
        trusted_proxies(std::move(proxies)),
        quotas(options.limits),
        shared{.options = options,
               .history = history,
               .log = to,
               .authorizer = authorizer,
               .origins = origins,
               .publish_origins = publish_origins,
               .active_subscriptions = active_subscriptions,
               .quotas = quotas,
               .trusted_proxies = trusted_proxies,
               .worker = worker,
               .counters = {}} {}

  void on_stop();

  const ServerOptions options;
  const Authorizer authorizer;
  const Origins origins;
  const Origins publish_origins;
  ActiveSubscriptions active_subscriptions;
  const std::vector<net::IpRange> trusted_proxies;
  Quotas quotas;
  Shared shared;
  std::vector<std::unique_ptr<ShardCounters>> counters;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<net::Address> addresses;
  net::Loop control;       // the calling thread's: signals
  OffThreadWorker worker;  // ends before the shards whose loops it posts to
  int stops = 0;           // how often it was asked to
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, EventLog& history, Log& log) {
  std::vector<net::Address> addresses;
  for (const auto& text : options.listen) {
    auto address = net::parse_address(text);
    if (!address) return std::unexpected(std::move(address.error()));
    if (options.development && !address->is_loopback()) {
      return fail("--dev serves this machine only: it cannot listen on " + text);
    }
    if (auto free = net::Listener::check_free(*address); !free) return std::unexpected(std::move(free.error()));
    addresses.push_back(*address);
  }
  auto origins = Origins::parse(options.cors_origins);
  if (!origins) return std::unexpected(std::move(origins.error()));
  auto publish_origins = Origins::parse(options.publish_origins);
  if (!publish_origins) return std::unexpected(std::move(publish_origins.error()));
  if (publish_origins->lists_all()) {
    return fail("any page could publish with its visitor's cookie: name the origins that may, instead of '*'");
  }
  auto proxies = parse_ranges(options.trusted_proxies);
  if (!proxies) return std::unexpected(std::move(proxies.error()));
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  if (options.limits.budget_bytes == 0) options.limits.budget_bytes = default_budget_bytes();
  const std::size_t budget_per_shard = options.limits.budget_bytes / options.threads;
  if (budget_per_shard < kBudgetLeastUpdates * options.limits.update_bytes_max) {
    return fail("budget_bytes is too small: each of the " + std::to_string(options.threads) + " threads needs " +
                std::to_string(kBudgetLeastUpdates) + " times update_bytes_max");
  }

  auto state = std::make_unique<State>(std::move(options), history, log, std::move(*origins),
                                       std::move(*publish_origins), std::move(*proxies));
  state->shared.connections_max = connections_allowed(state->options.limits);
  state->shared.budget_bytes_per_shard = budget_per_shard;
  for (std::size_t i = 0; i < state->options.threads; ++i) {
    state->counters.push_back(std::make_unique<ShardCounters>());
    state->shared.counters.push_back(state->counters.back().get());
  }
  for (const auto& counters : state->counters) {
    state->shards.push_back(std::make_unique<Shard>(state->shared, *counters));
    if (auto listening = state->shards.back()->listen(addresses); !listening) {
      return std::unexpected(std::move(listening.error()));
    }
  }
  state->addresses = std::move(addresses);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> texts;
  for (const auto& address : state_->addresses) texts.push_back(address.text());
  return texts;
}

std::size_t Server::threads() const {
  return state_->shards.size();
}

void Server::State::on_stop() {
  const bool again = stops++ > 0;
  shared.log.write(LogLevel::kInfo, again ? "stopping" : "draining",
                   {{"connections", static_cast<std::int64_t>(shared.connections)}});
  for (const auto& shard : shards) again ? shard->stop() : shard->begin_drain();
}

void Server::stop() {
  state_->control.post([state = state_.get()] { state->on_stop(); });
}

void Server::run() {
  State& state = *state_;
  state.control.on_termination_signals([&state] { state.on_stop(); });
  std::atomic<std::size_t> running = state.shards.size();
  std::vector<std::thread> threads;
  for (const auto& shard : state.shards) {
    threads.emplace_back([&state, &running, &shard] {
      shard->run();
      if (--running == 0) state.control.stop();
    });
  }
  state.control.run();
  for (auto& thread : threads) thread.join();
  state.shared.log.write(LogLevel::kInfo, "stopped");
}

}  // namespace fanfare
