// POST to the hub: publishes one update (draft-dunglas-mercure-07 section 5). The answer, 200 and the event id, follows
// the log's commit. One thread: the shard's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "fanfare/base/limits.h"
#include "fanfare/history/event_log.h"
#include "fanfare/hub/selector.h"
#include "fanfare/net/loop.h"
#include "fanfare/server/exchange.h"
#include "fanfare/url/form.h"

namespace fanfare {

class Shard;

class PublishEndpoint final : public Endpoint {
 public:
  explicit PublishEndpoint(Shard& shard);
  // Checks the token and the framing before the body is read.
  std::expected<std::size_t, http::Response> admit(const http::RequestHead& head) override;
  void answer(Exchange& exchange) override;

 private:
  // What a token grants, compiled. Kept for as long as the token is valid: publishers send many requests with one.
  struct Publisher {
    SelectorSet topics;
    std::optional<std::int64_t> expires_at_s;
  };
  struct Parked {
    std::uint64_t token;
    Update update;
    std::uint64_t until_ms;
  };

  std::expected<const Publisher*, http::Response> publisher_of(const http::RequestHead& head);
  void append(std::uint64_t token, Update update);
  void finish(std::uint64_t token, Result<Appended> appended);
  http::Response not_stored(const Error& error) const;
  void retry_parked();
  void respond(Exchange& exchange, http::Response response) const;

  Shard& shard_;
  SelectorCompiler compiler_;
  std::unordered_map<std::string, Publisher> publishers_;  // by token
  std::deque<Parked> parked_;                              // wait until the shards have dispatched what is committed
  net::Timer retry_timer_;
};

// The update that a form describes, or why it describes none. Pure; for PublishEndpoint and its tests.
std::expected<Update, http::Response> read_update(std::string_view form, const Limits& limits);

}  // namespace fanfare
