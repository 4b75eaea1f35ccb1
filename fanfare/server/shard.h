// One shard: one thread with its event loop, listeners, connections and hub. A turn of the loop takes what the log has
// committed, lets the hub dispatch it, and at its end writes once to every connection that has news.
// What it is not: it shares nothing with the other shards but the log and what Shared names.
// Made and run on one thread each; begin_drain, stop and replace from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/hub/hub.h"
#include "fanfare/net/fan_out_writer.h"
#include "fanfare/net/listener.h"
#include "fanfare/net/loop.h"
#include "fanfare/observe/metrics.h"
#include "fanfare/server/connection.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/feed.h"
#include "fanfare/server/policy.h"
#include "fanfare/server/router.h"
#include "fanfare/server/shared.h"
#include "fanfare/server/subscription_announcer.h"

namespace fanfare {

// Where to listen, and whether what is heard there is inside TLS.
struct ListenAddress {
  net::Address address;
  bool is_tls = false;
};

class Shard final : public CatchUpSource, public OffThread, public ExchangeTable {
 public:
  // shared and counters are borrowed. The shard follows the log from now on.
  Shard(Shared& shared, Policy policy, ShardCounters& counters);
  ~Shard() override;

  // Before run(). Port 0 is replaced by the port that was found, for the next shard.
  Result<void> listen(std::vector<ListenAddress>& addresses);
  // Serves until it has drained or stop() is called.
  void run();
  // No new streams; open ones are told to come back later, spread over the drain window, and end. Then run() returns.
  void begin_drain();
  void stop() { loop_->stop(); }
  // The shard goes by a copy of this policy from a later task on, and then says so, in its thread: it has nothing left
  // of the one before. Until then, or until the shard has ended, the policy must stay.
  void replace(const Policy& policy, net::Task replaced);

  // Completions from other threads hold on to it: they may come when the shard is gone, and then what they post is
  // dropped.
  const std::shared_ptr<net::Loop>& loop() const { return loop_; }
  Hub& hub() { return *hub_; }
  Shared& shared() { return shared_; }
  // Stays where it is; what it says may change with every task.
  const Policy& policy() const { return policy_; }
  const Limits& limits() const { return policy_.limits; }
  // How often the policy has been replaced: what was derived from another one is out of date.
  std::uint64_t policy_version() const { return policy_version_; }
  ShardCounters& counters() { return counters_; }
  const Router& router() const { return *router_; }
  std::span<char> read_buffer() { return read_buffer_; }
  const std::string& date() const { return date_; }  // for the Date header (RFC 9110 section 6.6.1)
  bool is_draining() const { return draining_; }
  SubscriptionAnnouncer& announcer() { return announcer_; }
  // What was there when the shard was made.
  Position first_position() const { return first_position_; }
  // The event id that says: everything up to this position. "earliest" for the beginning.
  std::string id_of(Position position) const;

  // For connections.
  void mark_dirty(Connection& connection);
  // Writes to one connection at once: answers need not wait for the end of the turn. From inside a write, it is marked
  // dirty instead.
  void flush_now(Connection& connection);
  // The connection's deadline has changed; see Connection::deadline_ms.
  void watch_deadline(Connection& connection);
  std::uint64_t remember(Exchange& exchange);
  // The exchange with this token is to expire then, unless it is forgotten before.
  void expire_at(std::int64_t unix_s, std::uint64_t token);
  void forget(std::uint64_t token);
  // Among the connections of its client, or nothing for a proxy, whose connections are of many.
  std::pair<Place, Welcome> take_place(const net::IpAddress& address);
  // A connection ends for want of a good PROXY header.
  void refuse_proxy_header(LogLevel level, std::string_view peer, std::string_view reason);
  // The connection is closed; it is destroyed when nobody can point to it any more.
  void retire(Connection& connection);

  // Asks for the keys again for want of which somebody was refused, and goes on in this thread when they have come or
  // not. False: that is of no use now, or too many wait; refused.response is the answer. then should hold an exchange's
  // token, not the request: the client may have left.
  bool await_keys(Refused& refused, net::Task then);

  Exchange* find(std::uint64_t token) override;
  void read_after(ReadRequest request, ReadDone done) override;
  void run(std::move_only_function<void()> work, std::move_only_function<void()> then) override;

 private:
  Renewal renew(KeySource& source, net::Task then);
  void on_accept(int fd, const net::Address& peer, bool is_tls);
  void take_turn();
  void post_flush();
  void flush();
  void begin_round();
  void flush_batch(std::span<Connection* const> batch);
  void end_round();
  void tick();
  void check_deadlines(std::uint64_t now_ms);
  void check_expiries();
  void check_peers();
  void pause_or_resume_accepting();
  void drain();
  void say_farewell();

  Shared& shared_;
  Policy policy_;
  std::uint64_t policy_version_ = 0;
  ShardCounters& counters_;
  const std::shared_ptr<net::Loop> loop_ = std::make_shared<net::Loop>();
  net::Timer ticker_;
  Feed feed_;
  std::unique_ptr<Hub> hub_;
  SubscriptionAnnouncer announcer_;
  Position first_position_ = kBeforeAll;
  std::unique_ptr<Router> router_;
  std::unique_ptr<net::FanOutWriter> writer_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  bool accepting_ = true;
  bool draining_ = false;
  bool farewell_is_due_ = false;  // once what is committed has been written
  std::uint64_t drain_deadline_ms_ = 0;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t next_checked_peer_ = 0;
  // A round writes to those who were dirty when it began; who becomes dirty meanwhile is of the next one. So a round
  // ends, whatever comes.
  std::vector<Connection*> dirty_;
  std::vector<Connection*> round_;  // written in this order; flushed_ of them are done
  std::size_t flushed_ = 0;
  bool flush_is_posted_ = false;  // or under way
  bool is_writing_ = false;       // flush_batch is on the stack
  // Those who were retired before the round may still stand in it; later ones may stand in the next as well.
  std::vector<std::unique_ptr<Connection>> retired_;
  std::vector<std::unique_ptr<Connection>> retired_before_round_;
  bool updates_wait_ = false;  // the feed has updates for the next turn
  std::vector<LoggedUpdatePtr> batch_;
  std::vector<std::string_view> slices_;  // room for one batch of writes

  std::vector<Connection*> timed_;  // connections with a deadline
  struct Remembered {
    Exchange* exchange;
    std::optional<std::int64_t> expires_at_s;
  };
  std::unordered_map<std::uint64_t, Remembered> exchanges_;
  std::uint64_t next_token_ = 1;
  std::set<std::pair<std::int64_t, std::uint64_t>> expiries_;  // Unix time, token
  std::vector<char> read_buffer_;
  std::string date_;
};

}  // namespace fanfare
