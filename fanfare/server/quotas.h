// How much one client, one subject and one topic may take: the limits against abuse of base/limits.h, over all shards.
// One table behind one mutex, which a connection and a stream touch as they begin and end, so that limits which are set
// later know of them; a publish request touches it where there is such a limit, and no delivery ever.
// Any thread. Times are arguments (ms of a clock that never goes back).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/access/token_buckets.h"
#include "fanfare/base/limits.h"
#include "fanfare/base/sip_hash.h"
#include "fanfare/history/update.h"
#include "fanfare/http/message.h"
#include "fanfare/net/ip_address.h"
#include "fanfare/observe/metrics.h"

namespace fanfare {

class Quotas;

// What a connection or a stream takes of its limits, and gives back at its end. Quotas must outlive it.
class Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept { swap(other); }
  Place& operator=(Place&& other) noexcept {
    Place(std::move(other)).swap(*this);
    return *this;
  }
  ~Place();

 private:
  friend class Quotas;
  void swap(Place& other) noexcept {
    std::swap(quotas_, other.quotas_);
    std::swap(keys_, other.keys_);
  }

  Quotas* quotas_ = nullptr;
  std::array<std::uint64_t, 3> keys_{};  // 0: none
};

// A limit that is reached: the answer to who reached it is 429, or 503 if it is the hub's own, with Retry-After.
struct OverQuota {
  int status = 429;
  std::string reason;
  std::uint64_t retry_after_s = 0;

  http::Response response() const;
};

// Whom a token is for, as limits tell subjects apart: by its sub (of its iss), else the token itself. Empty without
// one.
std::string subject_of(const std::optional<std::string>& token, const Grants& grants);

enum class Welcome {
  kServed,
  kRefused,  // its address has too many connections: whatever is asked gets 429
  kClosed,   // … and has so many that not even that is said
};

class Quotas {
 public:
  // limits: for the number of buckets; the calls are told the limits that hold then.
  explicit Quotas(const Limits& limits);

  // A connection that was accepted. The place counts in any case.
  std::pair<Place, Welcome> connect(const Limits& limits, const net::IpAddress& address);
  // What such a one is told.
  static OverQuota too_many_connections(const Limits& limits);

  // A stream. subject: as of subject_of.
  std::expected<Place, OverQuota> subscribe(const Limits& limits, const net::IpAddress& address,
                                            std::string_view subject);

  // Whether one more update could be published now; takes nothing.
  std::optional<OverQuota> check_publisher(const Limits& limits, const net::IpAddress& address,
                                           std::string_view subject, std::uint64_t now_ms);
  // Each update counts, for each of its topics too; all or none.
  std::optional<OverQuota> publish(const Limits& limits, const net::IpAddress& address, std::string_view subject,
                                   std::span<const Update> updates, std::uint64_t now_ms);

  // How often each limit was reached.
  std::vector<LimitRefusals> refusals() const;

 private:
  friend class Place;
  // What is counted or rated; kNames are the limits of it.
  enum class Kind { kConnections, kSubscribers, kAddressStreams, kSubjectStreams, kAddress, kSubject, kTopic };
  static constexpr std::size_t kKinds = 7;
  static const std::array<std::string_view, kKinds> kNames;
  struct Cost {
    Kind kind;
    std::uint64_t key;
    std::uint64_t tokens;
    std::size_t per_s;
  };

  std::uint64_t key_of(Kind kind, std::string_view text) const;
  std::vector<Cost> costs_of(const Limits& limits, const net::IpAddress& address, std::string_view subject,
                             std::uint64_t updates) const;
  void add_topics(std::vector<Cost>& costs, std::size_t per_s, std::span<const Update> updates) const;
  std::optional<OverQuota> find_over(const Limits& limits, std::span<const Cost> costs, std::uint64_t now_ms);
  static Rate rate_of(const Limits& limits, const Cost& cost);
  TokenBuckets& buckets_of(Kind kind);
  OverQuota over_rate(const Cost& cost, std::uint64_t wait_ms);
  OverQuota over_count(Kind kind, std::size_t most, std::size_t retry_after_s, int status);
  void give_back(std::span<const std::uint64_t> keys);

  const SipKey hash_key_ = random_sip_key();
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::size_t> counts_;  // of places
  TokenBuckets address_buckets_;
  TokenBuckets subject_buckets_;
  TokenBuckets topic_buckets_;
  std::array<std::uint64_t, kKinds> refusals_{};
};

}  // namespace fanfare
