#include "fanfare/server/shard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <random>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/event_stream/writer.h"
#include "fanfare/server/client_address.h"
#include "fanfare/server/routes.h"

namespace fanfare {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
constexpr std::size_t kFlushBatch = 64;  // connections composed and written before their results are looked at
constexpr std::chrono::milliseconds kTick{250};
// Connections beyond the limit that are still answered 503; further ones stay in the backlog.
constexpr std::size_t kRefusedConnections = 16;
constexpr std::uint64_t kRetryAtLeastMs = 1'000;
constexpr std::size_t kPeerChecks = 8;  // of a connection within dead_peer_ms

std::string http_date(std::time_t now) {
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace

Shard::Shard(Shared& shared, Policy policy, ShardCounters& counters)
    : shared_(shared),
      policy_(std::move(policy)),
      counters_(counters),
      ticker_(*loop_),
      feed_(policy_.limits.undispatched_bytes_max, shared.overfull_feeds,
            [this] { loop_->post([this] { take_turn(); }); }),
      announcer_(*this),
      writer_(net::make_send_writer()),
      slices_(kFlushBatch * Connection::kSlicesMax),
      read_buffer_(kReadBufferBytes),
      date_(http_date(std::time(nullptr))) {
  first_position_ = shared.history.follow(feed_);
  hub_ = std::make_unique<Hub>(policy_.limits, shared.budget_bytes_per_shard,
                               Hub::Surroundings{.log = *this, .off_thread = *this, .counters = counters},
                               first_position_);
  router_ = make_router(*this);
}

Shard::~Shard() {
  shared_.history.unfollow(feed_);
  shared_.connections -= connections_.size();
  connections_.clear();
}

Result<void> Shard::listen(std::vector<ListenAddress>& addresses) {
  for (auto& [address, is_tls] : addresses) {
    auto listener = net::Listener::open(
        *loop_, address, [this, tls = is_tls](int fd, const net::Address& peer) { on_accept(fd, peer, tls); });
    if (!listener) return std::unexpected(std::move(listener.error()));
    address = (*listener)->address();
    listeners_.push_back(std::move(*listener));
  }
  return {};
}

void Shard::replace(const Policy& policy, net::Task replaced) {
  loop_->post([this, &policy, replaced = std::move(replaced)]() mutable {
    policy_ = policy;
    ++policy_version_;
    hub_->set_limits(policy_.limits);
    pause_or_resume_accepting();
    replaced();
  });
}

void Shard::run() {
  for (const auto& listener : listeners_) listener->start();
  tick();
  loop_->run();
}

void Shard::on_accept(int fd, const net::Address& peer, bool is_tls) {
  FANFARE_CHECK(!is_tls || policy_.tls != nullptr);
  const net::IpAddress address = net::IpAddress::of(peer);
  const bool is_introduced = shared_.options.proxy_protocol;
  if (is_introduced && !is_trusted(policy_.trusted_proxies, address)) {
    refuse_proxy_header(LogLevel::kInfo, peer.text(), "not a trusted proxy");
    ::close(fd);
    return;
  }
  auto [place, welcome] = take_place(address);
  if (welcome == Welcome::kClosed) {
    ::close(fd);
    return;
  }
  const bool is_full = ++shared_.connections > policy_.connections_max;
  const auto reception = is_full                        ? Reception::kFull
                         : welcome == Welcome::kRefused ? Reception::kTooMany
                                                        : Reception::kServed;
  connections_.push_back(
      std::make_unique<Connection>(*this, fd, peer, reception, std::move(place), is_tls ? policy_.tls : nullptr,
                                   is_introduced ? Connection::Opening::kProxyHeader : Connection::Opening::kPlain));
  Connection& connection = *connections_.back();
  connection.index = connections_.size() - 1;
  counters_.connections.set(connections_.size());
  counters_.connections_total.add();
  connection.start();
  pause_or_resume_accepting();
}

std::pair<Place, Welcome> Shard::take_place(const net::IpAddress& address) {
  if (is_trusted(policy_.trusted_proxies, address)) return {};
  return shared_.quotas.connect(policy_.limits, address);
}

void Shard::refuse_proxy_header(LogLevel level, std::string_view peer, std::string_view reason) {
  shared_.log.write(level, "proxy_header_refused", {{"peer", peer}, {"reason", reason}});
  counters_.proxy_header_failures_total.add();
}

void Shard::pause_or_resume_accepting() {
  const std::size_t open = shared_.connections;
  const bool accept =
      accepting_ ? open < policy_.connections_max + kRefusedConnections : open < policy_.connections_max;
  if (accept == accepting_) return;
  accepting_ = accept;
  for (const auto& listener : listeners_) accept ? listener->start() : listener->pause();
}

// --- The turn ----------------------------------------------------------------------------------------------------

// Updates are dispatched only when the last round of writes is done: then everybody who could take more has had its
// chance, and all that has come since leaves as one write for each subscriber.
void Shard::take_turn() {
  if (!round_.empty()) {
    updates_wait_ = true;
    return;
  }
  updates_wait_ = feed_.take(batch_, policy_.limits.turn_bytes_max);
  if (batch_.empty()) return;
  const bool flush_comes_anyway = std::exchange(flush_is_posted_, true);  // what is marked dirty needs no post
  hub_->dispatch(batch_);
  batch_.clear();
  if (!flush_comes_anyway) flush();
}

void Shard::mark_dirty(Connection& connection) {
  if (connection.is_dirty || connection.is_closed()) return;
  connection.is_dirty = true;
  dirty_.push_back(&connection);
  post_flush();
}

void Shard::post_flush() {
  if (flush_is_posted_) return;
  flush_is_posted_ = true;
  loop_->post([this] { flush(); });
}

void Shard::flush() {
  if (round_.empty()) begin_round();
  const std::uint64_t until_us = net::steady_us() + policy_.limits.flush_us_max;
  while (flushed_ < round_.size()) {
    const auto batch = std::span(round_).subspan(flushed_, std::min(kFlushBatch, round_.size() - flushed_));
    flushed_ += batch.size();
    for (Connection* each : batch) each->is_dirty = false;
    flush_batch(batch);
    if (flushed_ < round_.size() && net::steady_us() >= until_us) {
      loop_->post([this] { flush(); });
      return;
    }
  }
  end_round();
}

void Shard::begin_round() {
  round_.swap(dirty_);
  retired_before_round_.swap(retired_);
}

void Shard::flush_now(Connection& connection) {
  if (is_writing_) {
    mark_dirty(connection);
    return;
  }
  Connection* const one = &connection;
  flush_batch({&one, 1});
}

// What a connection composes is borrowed, and stands in slices_, until the end of the write: nobody else may write
// meanwhile (see flush_now).
void Shard::flush_batch(std::span<Connection* const> batch) {
  std::array<net::StreamWrite, kFlushBatch> writes;
  std::array<Connection*, kFlushBatch> writers;
  std::size_t count = 0;
  std::size_t slice_count = 0;
  is_writing_ = true;
  for (Connection* connection : batch) {
    if (connection->is_closed()) continue;
    const auto room = std::span(slices_).subspan(slice_count, Connection::kSlicesMax);
    const std::size_t composed = connection->compose(room);
    if (composed == 0) {
      connection->on_written({net::IoStatus::kDone}, 0);
      continue;
    }
    slice_count += composed;
    writers[count] = connection;
    writes[count] = {.fd = connection->fd(), .tls = connection->tls(), .slices = room.first(composed)};
    ++count;
  }
  writer_->write({writes.data(), count});
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t bytes = 0;
    for (const auto& slice : writes[i].slices) bytes += slice.size();
    writers[i]->on_written(writes[i].result, bytes);
  }
  is_writing_ = false;
}

void Shard::end_round() {
  round_.clear();
  flushed_ = 0;
  flush_is_posted_ = false;
  retired_before_round_.clear();
  counters_.held_bytes.set(hub_->held_bytes());
  if (updates_wait_) {
    loop_->post([this] { take_turn(); });
  } else if (std::exchange(farewell_is_due_, false)) {
    say_farewell();
  }
  if (!dirty_.empty() || !retired_.empty()) post_flush();
  if (draining_ && connections_.empty()) loop_->stop();
}

// --- Connections -------------------------------------------------------------------------------------------------

void Shard::retire(Connection& connection) {
  if (connection.is_timed) {
    timed_[connection.timed_index] = timed_.back();
    timed_[connection.timed_index]->timed_index = connection.timed_index;
    timed_.pop_back();
  }
  const std::size_t index = connection.index;
  FANFARE_CHECK(connections_[index].get() == &connection);
  retired_.push_back(std::move(connections_[index]));
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index = index;
  }
  connections_.pop_back();
  --shared_.connections;
  counters_.connections.set(connections_.size());
  pause_or_resume_accepting();
  post_flush();  // a round's end destroys the connection
}

void Shard::watch_deadline(Connection& connection) {
  const bool wanted = connection.deadline_ms() != 0;
  if (wanted == connection.is_timed) return;
  connection.is_timed = wanted;
  if (wanted) {
    connection.timed_index = timed_.size();
    timed_.push_back(&connection);
  } else {
    timed_[connection.timed_index] = timed_.back();
    timed_[connection.timed_index]->timed_index = connection.timed_index;
    timed_.pop_back();
  }
}

std::uint64_t Shard::remember(Exchange& exchange) {
  exchanges_.emplace(next_token_, Remembered{&exchange, std::nullopt});
  return next_token_++;
}

void Shard::expire_at(std::int64_t unix_s, std::uint64_t token) {
  exchanges_.at(token).expires_at_s = unix_s;
  expiries_.emplace(unix_s, token);
}

void Shard::forget(std::uint64_t token) {
  const auto found = exchanges_.find(token);
  if (found == exchanges_.end()) return;
  if (found->second.expires_at_s) expiries_.erase({*found->second.expires_at_s, token});
  exchanges_.erase(found);
}

std::string Shard::id_of(Position position) const {
  std::string id = shared_.history.id_of(position);
  return id.empty() ? "earliest" : id;
}

Renewal Shard::renew(KeySource& source, net::Task then) {
  return source.renew([loop = loop_, then = std::move(then)]() mutable { loop->post(std::move(then)); });
}

bool Shard::await_keys(Refused& refused, net::Task then) {
  const Renewal renewal = renew(*refused.source, std::move(then));
  if (renewal == Renewal::kTooMany) {
    refused.response =
        http::retry_response(503, refused.reason + ", and too many requests wait for keys", limits().retry_after_s);
  }
  return renewal == Renewal::kAwaited;
}

Exchange* Shard::find(std::uint64_t token) {
  const auto found = exchanges_.find(token);
  return found == exchanges_.end() ? nullptr : found->second.exchange;
}

// --- Time --------------------------------------------------------------------------------------------------------

void Shard::tick() {
  const std::uint64_t now_ms = net::steady_ms();
  date_ = http_date(std::time(nullptr));
  hub_->tick(now_ms);
  check_deadlines(now_ms);
  check_expiries();
  check_peers();
  pause_or_resume_accepting();
  if (draining_ && (now_ms >= drain_deadline_ms_ || connections_.empty())) {
    loop_->stop();
    return;
  }
  ticker_.start(kTick, [this] { tick(); });
}

void Shard::check_deadlines(std::uint64_t now_ms) {
  std::vector<Connection*> late;
  for (Connection* each : timed_) {
    if (each->deadline_ms() <= now_ms) late.push_back(each);
  }
  for (Connection* each : late) {
    if (!each->is_closed()) each->on_deadline();
  }
}

void Shard::check_expiries() {
  const std::int64_t now_s = std::time(nullptr);
  while (!expiries_.empty() && expiries_.begin()->first <= now_s) {
    const std::uint64_t token = expiries_.begin()->second;
    Exchange& exchange = *exchanges_.at(token).exchange;
    forget(token);
    exchange.expire();
  }
}

// Looks at a part of the connections each tick, at each of them often enough for dead_peer_ms to hold.
void Shard::check_peers() {
  const std::size_t ticks = std::max<std::size_t>(1, policy_.limits.dead_peer_ms / kPeerChecks / kTick.count());
  const std::size_t count = (connections_.size() + ticks - 1) / ticks;
  for (std::size_t i = 0; i < count && !connections_.empty(); ++i) {
    if (next_checked_peer_ >= connections_.size()) next_checked_peer_ = 0;
    connections_[next_checked_peer_++]->close_if_peer_is_gone();
  }
}

void Shard::begin_drain() {
  loop_->post([this] { drain(); });
}

void Shard::drain() {
  if (draining_) return;
  draining_ = true;
  drain_deadline_ms_ = net::steady_ms() + policy_.limits.drain_ms;
  listeners_.clear();
  farewell_is_due_ = true;
  post_flush();  // a round's end says it
}

// Tells subscribers when to come back, and ends what is idle.
void Shard::say_farewell() {
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<std::uint64_t> retry_ms(kRetryAtLeastMs, kRetryAtLeastMs + policy_.limits.drain_ms);
  std::vector<Connection*> open;
  for (const auto& each : connections_) open.push_back(each.get());
  for (Connection* each : open) {
    std::string last_words;
    event_stream::append_retry(last_words, retry_ms(random));
    last_words += "\n";
    each->drain(last_words);
  }
}

// --- What the hub borrows ----------------------------------------------------------------------------------------

void Shard::read_after(ReadRequest request, ReadDone done) {
  shared_.history.read_after(
      std::move(request), [loop = loop_, done = std::move(done)](Result<ReadResult> result) mutable {
        loop->post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
      });
}

void Shard::run(std::move_only_function<void()> work, std::move_only_function<void()> then) {
  shared_.worker.run([this, work = std::move(work), then = std::move(then)]() mutable {
    work();
    loop_->post(std::move(then));
  });
}

}  // namespace fanfare
