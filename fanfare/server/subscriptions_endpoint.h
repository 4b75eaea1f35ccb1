// GET below the hub's path: which subscriptions are active (draft-dunglas-mercure-07 section 8), all of them, those
// with one selector, or one. The reader's token must grant the path that it asks for, as it must for updates about it.
// One thread: the shard's.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <string>

#include "fanfare/hub/selector.h"
#include "fanfare/server/active_subscriptions.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

class Shard;

class SubscriptionsEndpoint final : public Endpoint {
 public:
  explicit SubscriptionsEndpoint(Shard& shard);
  void answer(Exchange& exchange) override;

 private:
  struct Place {
    std::optional<std::string> selector;    // none: all
    std::optional<std::string> subscriber;  // none: the collection
    std::string path() const;
  };

  static std::optional<Place> place_of(std::string_view path);
  void answer(Exchange& exchange, const Place& place, NewKeys new_keys);
  std::expected<void, Refused> check_access(const http::RequestHead& head, const std::string& path);
  void start_writing();
  void on_written(const std::string& path, const std::string& etag, const std::string& list);
  bool has_room() const;
  http::Response busy() const;
  void respond(Exchange& exchange, http::Response response) const;

  // Requests for collections. One list is written at a time, for all that ask for it.
  struct Reader {
    std::uint64_t token;
    Place place;
  };

  Shard& shard_;
  SelectorCompiler compiler_;
  std::deque<Reader> readers_;
  std::size_t asked_before_ = 0;  // so many of them had asked when the list that is being written was begun
  bool is_writing_ = false;
};

}  // namespace fanfare
