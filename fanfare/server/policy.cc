#include "fanfare/server/policy.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/base/limit_ranges.h"
#include "fanfare/coding/negotiation.h"

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

Result<std::shared_ptr<const net::TlsContext>> make_tls(const ServerOptions& options,
                                                        std::shared_ptr<net::TlsTickets> tickets) {
  if (options.tls_identities.empty()) {
    if (!options.tls_listen.empty()) return fail("TLS needs a certificate and its key");
    return nullptr;
  }
  return net::TlsContext::make({.identities = options.tls_identities, .protocols = {"h2", "http/1.1"}},
                               std::move(tickets));
}

}  // namespace

Result<std::vector<Coding>> parse_codings(std::span<const std::string> names) {
  if (names.empty()) return std::vector<Coding>(kDefaultOffer.begin(), kDefaultOffer.end());
  std::vector<Coding> codings;
  for (const auto& name : names) {
    const auto coding = coding_named(name);
    if (!coding) return fail("'" + name + "' is no content coding: zstd, br, gzip, deflate and identity are");
    if (std::ranges::find(codings, *coding) != codings.end()) return fail("'" + name + "' is given twice");
    codings.push_back(*coding);
  }
  if (std::ranges::find(codings, Coding::kIdentity) == codings.end()) codings.push_back(Coding::kIdentity);
  return codings;
}

Result<Policy> make_policy(const ServerOptions& options, std::shared_ptr<net::TlsTickets> tickets) {
  FANFARE_CHECK(options.threads > 0 && options.limits.budget_bytes > 0);
  if (auto checked = check_limits(options.limits); !checked) return std::unexpected(std::move(checked.error()));
  auto origins = Origins::parse(options.cors_origins);
  if (!origins) return std::unexpected(std::move(origins.error()));
  auto publish_origins = Origins::parse(options.publish_origins);
  if (!publish_origins) return std::unexpected(std::move(publish_origins.error()));
  if (publish_origins->lists_all()) {
    return fail("any page could publish with its visitor's cookie: name the origins that may, instead of '*'");
  }
  auto codings = parse_codings(options.content_codings);
  if (!codings) return std::unexpected(std::move(codings.error()));
  auto proxies = parse_ranges(options.trusted_proxies);
  if (!proxies) return std::unexpected(std::move(proxies.error()));
  if (options.proxy_protocol && proxies->empty()) {
    return fail("the PROXY protocol is believed of trusted proxies only, and there is none: give --trusted-proxy");
  }
  if (options.limits.budget_bytes / options.threads < kBudgetLeastUpdates * options.limits.update_bytes_max) {
    return fail("budget_bytes is too small: each of the " + std::to_string(options.threads) + " threads needs " +
                std::to_string(kBudgetLeastUpdates) + " times update_bytes_max");
  }
  auto tls = make_tls(options, std::move(tickets));
  if (!tls) return std::unexpected(std::move(tls.error()));
  return Policy{.limits = options.limits,
                .connections_max = connections_allowed(options.limits),
                .authorizer = Authorizer(options.access),
                .origins = std::move(*origins),
                .publish_origins = std::move(*publish_origins),
                .codings = std::move(*codings),
                .trusted_proxies = std::move(*proxies),
                .tls = std::move(*tls)};
}

}  // namespace fanfare
