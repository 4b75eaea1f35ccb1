#include "fanfare/server/quotas.h"

#include <algorithm>

namespace fanfare {
namespace {

// Connections of an address beyond its limit that are still told so.
constexpr std::size_t kToldConnections = 16;
constexpr std::uint64_t kMsPerSecond = 1'000;

}  // namespace

const std::array<std::string_view, Quotas::kKinds> Quotas::kNames = {
    "connections_per_address_max",     "subscribers_max",
    "subscribers_per_address_max",     "subscribers_per_subject_max",
    "publishes_per_s_per_address_max", "publishes_per_s_per_subject_max",
    "updates_per_s_per_topic_max",
};

Place::~Place() {
  if (quotas_ != nullptr) quotas_->give_back(keys_);
}

http::Response OverQuota::response() const {
  return http::retry_response(status, reason, retry_after_s);
}

std::string subject_of(const std::optional<std::string>& token, const Grants& grants) {
  if (!grants.subject.empty()) return "sub\n" + grants.issuer + "\n" + grants.subject;
  // Without the signature, of which a token may have several that are good.
  return token ? "token\n" + token->substr(0, token->rfind('.')) : std::string();
}

Quotas::Quotas(const Limits& limits)
    : address_buckets_(limits.rate_buckets_max),
      subject_buckets_(limits.rate_buckets_max),
      topic_buckets_(limits.rate_buckets_max) {}

// Never 0, which stands for none.
std::uint64_t Quotas::key_of(Kind kind, std::string_view text) const {
  std::string whole(1, static_cast<char>('a' + static_cast<int>(kind)));
  return std::max<std::uint64_t>(1, sip_hash(hash_key_, whole.append(text)));
}

// --- Places ------------------------------------------------------------------------------------------------------

std::pair<Place, Welcome> Quotas::connect(const Limits& limits, const net::IpAddress& address) {
  Place place;
  const std::size_t most = limits.connections_per_address_max;
  const std::uint64_t key = key_of(Kind::kConnections, address.of_client().as_text());
  const std::lock_guard lock(mutex_);
  const std::size_t open = ++counts_[key];
  place.quotas_ = this;
  place.keys_[0] = key;
  if (most == 0 || open <= most) return {std::move(place), Welcome::kServed};
  ++refusals_[static_cast<std::size_t>(Kind::kConnections)];
  return {std::move(place), open <= most + kToldConnections ? Welcome::kRefused : Welcome::kClosed};
}

OverQuota Quotas::too_many_connections(const Limits& limits) {
  return {.status = 429,
          .reason = "at most " + std::to_string(limits.connections_per_address_max) +
                    " connections of one address may be open (connections_per_address_max)",
          .retry_after_s = limits.retry_after_s};
}

std::expected<Place, OverQuota> Quotas::subscribe(const Limits& limits, const net::IpAddress& address,
                                                  std::string_view subject) {
  struct Counted {
    Kind kind;
    std::size_t most;
    std::string_view text;
    int status;
  };
  const net::IpAddress client = address.of_client();
  const std::array<Counted, 3> all = {
      {{Kind::kSubscribers, limits.subscribers_max, "", 503},
       {Kind::kAddressStreams, limits.subscribers_per_address_max, client.as_text(), 429},
       {Kind::kSubjectStreams, limits.subscribers_per_subject_max, subject, 429}}};
  Place place;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool has_no_subject = all[i].kind == Kind::kSubjectStreams && subject.empty();
    if (!has_no_subject) place.keys_[i] = key_of(all[i].kind, all[i].text);
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [kind, most, text, status] = all[i];
    if (most == 0 || place.keys_[i] == 0) continue;
    const auto found = counts_.find(place.keys_[i]);
    if (found != counts_.end() && found->second >= most) {
      return std::unexpected(over_count(kind, most, limits.retry_after_s, status));
    }
  }
  place.quotas_ = this;
  for (const std::uint64_t key : place.keys_) {
    if (key != 0) ++counts_[key];
  }
  return place;
}

// With the mutex.
OverQuota Quotas::over_count(Kind kind, std::size_t most, std::size_t retry_after_s, int status) {
  ++refusals_[static_cast<std::size_t>(kind)];
  const char* of = kind == Kind::kAddressStreams   ? " of one address"
                   : kind == Kind::kSubjectStreams ? " of one subject (the token's sub, else the token)"
                                                   : "";
  return {.status = status,
          .reason = "at most " + std::to_string(most) + " streams" + of + " may be open (" +
                    std::string(kNames[static_cast<std::size_t>(kind)]) + ")",
          .retry_after_s = retry_after_s};
}

void Quotas::give_back(std::span<const std::uint64_t> keys) {
  const std::lock_guard lock(mutex_);
  for (const std::uint64_t key : keys) {
    if (key == 0) continue;
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
  }
}

// --- Rates -------------------------------------------------------------------------------------------------------

std::optional<OverQuota> Quotas::check_publisher(const Limits& limits, const net::IpAddress& address,
                                                 std::string_view subject, std::uint64_t now_ms) {
  const auto costs = costs_of(limits, address, subject, 1);
  if (costs.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return find_over(limits, costs, now_ms);
}

std::optional<OverQuota> Quotas::publish(const Limits& limits, const net::IpAddress& address, std::string_view subject,
                                         std::span<const Update> updates, std::uint64_t now_ms) {
  auto costs = costs_of(limits, address, subject, updates.size());
  if (limits.updates_per_s_per_topic_max > 0) add_topics(costs, limits.updates_per_s_per_topic_max, updates);
  if (costs.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (auto over = find_over(limits, costs, now_ms)) return over;
  for (const Cost& cost : costs) {
    buckets_of(cost.kind).take(cost.key, cost.tokens, rate_of(limits, cost), now_ms);
  }
  return std::nullopt;
}

std::vector<Quotas::Cost> Quotas::costs_of(const Limits& limits, const net::IpAddress& address,
                                           std::string_view subject, std::uint64_t updates) const {
  std::vector<Cost> costs;
  if (const auto per_s = limits.publishes_per_s_per_address_max; per_s > 0) {
    costs.push_back({Kind::kAddress, key_of(Kind::kAddress, address.of_client().as_text()), updates, per_s});
  }
  if (const auto per_s = limits.publishes_per_s_per_subject_max; per_s > 0 && !subject.empty()) {
    costs.push_back({Kind::kSubject, key_of(Kind::kSubject, subject), updates, per_s});
  }
  return costs;
}

void Quotas::add_topics(std::vector<Cost>& costs, std::size_t per_s, std::span<const Update> updates) const {
  std::unordered_map<std::uint64_t, std::uint64_t> counts;
  for (const Update& update : updates) {
    for (const auto& topic : update.topics) ++counts[key_of(Kind::kTopic, topic)];
  }
  for (const auto& [key, count] : counts) costs.push_back({Kind::kTopic, key, count, per_s});
}

Rate Quotas::rate_of(const Limits& limits, const Cost& cost) {
  return {.per_s = cost.per_s, .burst = cost.per_s * std::max<std::size_t>(1, limits.burst_s)};
}

// The one that takes longest to pass, if any does not pass now. With the mutex.
std::optional<OverQuota> Quotas::find_over(const Limits& limits, std::span<const Cost> costs, std::uint64_t now_ms) {
  const Cost* longest = nullptr;
  std::uint64_t longest_ms = 0;
  for (const Cost& cost : costs) {
    const auto wait_ms = buckets_of(cost.kind).wait_ms(cost.key, cost.tokens, rate_of(limits, cost), now_ms);
    if (wait_ms <= longest_ms) continue;
    longest = &cost;
    longest_ms = wait_ms;
  }
  if (longest == nullptr) return std::nullopt;
  return over_rate(*longest, longest_ms);
}

TokenBuckets& Quotas::buckets_of(Kind kind) {
  if (kind == Kind::kAddress) return address_buckets_;
  return kind == Kind::kSubject ? subject_buckets_ : topic_buckets_;
}

// With the mutex.
OverQuota Quotas::over_rate(const Cost& cost, std::uint64_t wait_ms) {
  ++refusals_[static_cast<std::size_t>(cost.kind)];
  const char* of = cost.kind == Kind::kAddress   ? "address"
                   : cost.kind == Kind::kSubject ? "subject (the token's sub, else the token)"
                                                 : "topic";
  const std::uint64_t wait_s = (wait_ms + kMsPerSecond - 1) / kMsPerSecond;
  return {.status = 429,
          .reason = "at most " + std::to_string(cost.per_s) + " updates a second are taken for one " + of + " (" +
                    std::string(kNames[static_cast<std::size_t>(cost.kind)]) + "): try again in " +
                    std::to_string(wait_s) + " s",
          .retry_after_s = wait_s};
}

std::vector<LimitRefusals> Quotas::refusals() const {
  std::vector<LimitRefusals> all;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < kKinds; ++i) all.push_back({kNames[i], refusals_[i]});
  return all;
}

}  // namespace fanfare
