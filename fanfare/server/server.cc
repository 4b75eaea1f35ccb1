#include "fanfare/server/server.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

Result<std::vector<ListenAddress>> addresses_of(const FixedOptions& options) {
  std::vector<ListenAddress> addresses;
  for (const auto& [texts, is_tls] : {std::pair(&options.listen, false), std::pair(&options.tls_listen, true)}) {
    for (const auto& text : *texts) {
      auto address = net::parse_address(text);
      if (!address) return std::unexpected(std::move(address.error()));
      if (options.development && !address->is_loopback()) {
        return fail("--dev serves this machine only: it cannot listen on " + text);
      }
      addresses.push_back({*address, is_tls});
    }
  }
  return addresses;
}

// With the numbers that depend on the machine.
ServerOptions completed(ServerOptions options) {
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  if (options.limits.budget_bytes == 0) options.limits.budget_bytes = default_budget_bytes();
  return options;
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

// A policy on its way to the shards, and the keys of the one before. Ending a source of keys waits for its fetch, which
// no shard has to do: so they are held here until every shard has let go of them.
struct Replacement {
  Policy policy;
  std::vector<std::shared_ptr<KeySource>> sources_before;
  std::atomic<std::size_t> shards_left;
};

struct Server::State {
  State(FixedOptions fixed, EventLog& history, Log& to, const Limits& limits)
      : options(std::move(fixed)),
        budget_bytes(limits.budget_bytes),
        quotas(limits),
        shared{.options = options,
               .history = history,
               .log = to,
               .active_subscriptions = active_subscriptions,
               .quotas = quotas,
               .worker = worker,
               .counters = {},
               .budget_bytes_per_shard = budget_bytes / options.threads} {}

  void on_stop();
  void replace(Policy policy);
  void forget(const Replacement* done);

  const FixedOptions options;
  const std::size_t budget_bytes;
  ActiveSubscriptions active_subscriptions;
  Quotas quotas;
  Shared shared;
  std::vector<std::shared_ptr<KeySource>> sources;  // of keys, of the policy that was given last
  std::mutex replacements_mutex;
  std::vector<std::unique_ptr<Replacement>> replacements;  // that some shard does not go by yet
  std::vector<std::unique_ptr<ShardCounters>> counters;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<ListenAddress> addresses;
  std::shared_ptr<net::TlsTickets> tickets;
  net::Loop control;       // the calling thread's: signals
  OffThreadWorker worker;  // ends before the shards whose loops it posts to
  int stops = 0;           // how often it was asked to
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<void> Server::check_addresses(const FixedOptions& options) {
  if (auto addresses = addresses_of(options); !addresses) return std::unexpected(std::move(addresses.error()));
  return {};
}

Result<void> Server::check(const ServerOptions& options) {
  if (auto addresses = check_addresses(options); !addresses) return addresses;
  if (auto policy = make_policy(completed(options), std::make_shared<net::TlsTickets>()); !policy)
    return std::unexpected(std::move(policy.error()));
  return {};
}

Result<std::unique_ptr<Server>> Server::open(ServerOptions wanted, EventLog& history, Log& log) {
  const ServerOptions options = completed(std::move(wanted));
  auto addresses = addresses_of(options);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  const auto tickets = std::make_shared<net::TlsTickets>();
  const auto policy = make_policy(options, tickets);
  if (!policy) return std::unexpected(policy.error());
  for (const auto& [address, is_tls] : *addresses) {
    if (auto free = net::Listener::check_free(address); !free) return std::unexpected(std::move(free.error()));
  }

  auto state = std::make_unique<State>(options, history, log, options.limits);
  for (std::size_t i = 0; i < state->options.threads; ++i) {
    state->counters.push_back(std::make_unique<ShardCounters>());
    state->shared.counters.push_back(state->counters.back().get());
  }
  for (const auto& counters : state->counters) {
    state->shards.push_back(std::make_unique<Shard>(state->shared, *policy, *counters));
    if (auto listening = state->shards.back()->listen(*addresses); !listening) {
      return std::unexpected(std::move(listening.error()));
    }
  }
  state->addresses = std::move(*addresses);
  state->tickets = tickets;
  state->sources = policy->authorizer.sources();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Result<void> Server::replace(ServerOptions options) {
  options.threads = state_->options.threads;
  options.tls_listen = state_->options.tls_listen;  // which is as it was, and needs a certificate
  options.proxy_protocol = state_->options.proxy_protocol;
  options.limits.budget_bytes = state_->budget_bytes;
  auto policy = make_policy(options, state_->tickets);
  if (!policy) return std::unexpected(std::move(policy.error()));
  state_->replace(std::move(*policy));
  return {};
}

void Server::State::replace(Policy policy) {
  auto sources_before = std::exchange(sources, policy.authorizer.sources());
  auto made = std::make_unique<Replacement>(std::move(policy), std::move(sources_before), shards.size());
  Replacement* const replacement = made.get();
  {
    const std::lock_guard lock(replacements_mutex);
    replacements.push_back(std::move(made));
  }
  for (const auto& shard : shards) {
    shard->replace(replacement->policy, [this, replacement] {
      if (--replacement->shards_left == 0) control.post([this, replacement] { forget(replacement); });
    });
  }
}

// On the control thread, where sources may end.
void Server::State::forget(const Replacement* done) {
  std::unique_ptr<Replacement> taken;
  const std::lock_guard lock(replacements_mutex);
  const auto found = std::ranges::find(replacements, done, &std::unique_ptr<Replacement>::get);
  taken = std::move(*found);
  replacements.erase(found);
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> texts;
  for (const auto& [address, is_tls] : state_->addresses) texts.push_back((is_tls ? "https://" : "") + address.text());
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

void Server::on_hangup(std::move_only_function<void()> callback) {
  state_->control.on_hangup_signal(std::move(callback));
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
