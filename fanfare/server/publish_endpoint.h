// POST to the hub: publishes one update (draft-dunglas-mercure-07 section 5), or a batch of them, all or none. The
// answer, 200 and the event id, or a line with the id of each, follows the log's commit. One thread: the shard's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fanfare/history/event_log.h"
#include "fanfare/hub/selector.h"
#include "fanfare/net/loop.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/exchange.h"
#include "fanfare/server/publication.h"

namespace fanfare {

class Shard;

class PublishEndpoint final : public Endpoint {
 public:
  explicit PublishEndpoint(Shard& shard);
  // Checks the token and the framing before the body is read.
  std::expected<std::size_t, http::Response> admit(const Exchange& exchange) override;
  void answer(Exchange& exchange) override;

 private:
  enum class BodyFormat { kForm, kLines };
  // What a token grants, compiled. Kept for as long as the token, the keys and the policy are valid: publishers send
  // many requests with one.
  struct Publisher {
    SelectorSet topics;
    std::string topics_text;  // for a publisher to read
    std::optional<std::int64_t> expires_at_s;
    std::string subject;  // as of subject_of
  };
  // What it publishes is kept by its connection alone, and read again: its client may leave.
  struct Parked {
    std::uint64_t token;
    std::uint64_t until_ms;
  };

  std::expected<const Publisher*, Refused> publisher_of(const http::RequestHead& head);
  static std::expected<std::size_t, http::Response> admit_before_keys(const http::RequestHead& head, Refused refused);
  void answer(Exchange& exchange, NewKeys new_keys);
  void publish(Exchange& exchange, const Publisher& publisher);
  static std::optional<BodyFormat> format_of(const http::RequestHead& head);
  std::expected<std::vector<Update>, Rejection> read(const Exchange& exchange) const;
  void append(std::uint64_t token, std::vector<Update> updates);
  void finish(std::uint64_t token, Result<std::vector<Appended>> appended);
  http::Response not_stored(const Error& error) const;
  void retry_parked();
  void append_parked(Exchange& exchange);
  void respond(Exchange& exchange, http::Response response) const;

  Shard& shard_;
  SelectorCompiler compiler_;
  std::unordered_map<std::string, Publisher> publishers_;  // by token
  std::uint64_t keys_version_ = 0;                         // that they were checked with
  std::uint64_t policy_version_ = 0;
  std::deque<Parked> parked_;  // wait until the shards have dispatched what is committed
  net::Timer retry_timer_;
};

}  // namespace fanfare
