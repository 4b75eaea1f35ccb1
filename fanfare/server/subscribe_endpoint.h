// GET, HEAD and QUERY of the hub: opens the event stream of a subscriber (draft-dunglas-mercure-07 sections 4 and 7). A
// QUERY has its parameters in a form, for lists of topics that are too long for a URL.
// One thread: the shard's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/history/event_log.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

class Shard;
struct SelectorError;

class SubscribeEndpoint final : public Endpoint {
 public:
  explicit SubscribeEndpoint(Shard& shard) : shard_(shard) {}
  std::expected<std::size_t, http::Response> admit(const Exchange& exchange) override;
  void answer(Exchange& exchange) override;

 private:
  struct Wish;
  std::expected<Wish, http::Response> read(const Exchange& exchange) const;
  std::expected<CookieCarrier, http::Response> choose_form(const Exchange& exchange,
                                                           const std::vector<url::FormField>& fields, Wish& wish) const;
  Result<void> check_announced(const std::vector<std::string>& selectors) const;
  void answer(Exchange& exchange, NewKeys new_keys);
  void serve(Exchange& exchange, Wish wish);
  // Asks the log (by calling ask with the completion), then goes on with what it found.
  using GoOn = void (SubscribeEndpoint::*)(Exchange&, Wish, const Result<FindResult>&);
  void look_up(Exchange& exchange, Wish wish, std::move_only_function<void(FindDone)> ask, GoOn go_on);
  void resume(Exchange& exchange, Wish wish, const Result<FindResult>& found);
  void begin(Exchange& exchange, Wish wish);
  void begin_since(Exchange& exchange, Wish wish, const Result<FindResult>& found);
  void open(Exchange& exchange, Wish wish);
  void open_poll(Exchange& exchange, Wish wish);
  http::Response refusal_of(const SelectorError& error) const;
  http::Response busy(std::string_view reason) const;
  void refuse(Exchange& exchange, http::Response response) const;

  Shard& shard_;
};

}  // namespace fanfare
