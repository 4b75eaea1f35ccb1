#include "fanfare/server/subscriptions_endpoint.h"

#include <atomic>
#include <ctime>
#include <memory>
#include <utility>

#include "fanfare/server/cors.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/routes.h"
#include "fanfare/server/shard.h"
#include "fanfare/url/form.h"

namespace fanfare {
namespace {

constexpr std::size_t kQueryFieldsMax = 16;
constexpr std::size_t kReadersMax = 1'000;  // that wait for a list, of one shard
constexpr std::size_t kShareOfBudget = 4;   // of a shard's budget, what lists may take

http::Headers document_headers(const std::string& etag) {
  http::Headers headers;
  headers.add("Content-Type", "application/ld+json");
  headers.add("ETag", etag);
  headers.add("Cache-Control", "private, no-cache");
  headers.add("Link", std::string(kHubLink));
  return headers;
}

http::Response unchanged(const std::string& etag) {
  return {.status = 304, .headers = document_headers(etag), .body = {}};
}

// Counts the bytes for as long as it lives.
std::shared_ptr<const void> hold(std::atomic<std::size_t>& counter, std::size_t bytes) {
  counter += bytes;
  return {nullptr, [&counter, bytes](const void*) { counter -= bytes; }};
}

bool has_not_changed(const http::RequestHead& head, const std::string& etag) {
  const auto* known = head.headers.find("If-None-Match");
  return known != nullptr && http::matches_etag(*known, etag);
}

}  // namespace

SubscriptionsEndpoint::SubscriptionsEndpoint(Shard& shard)
    : shard_(shard), compiler_(shard.limits().compiled_selectors_bytes_max) {}

std::string SubscriptionsEndpoint::Place::path() const {
  return subscriber ? subscription_path(*selector, *subscriber) : subscriptions_path(selector);
}

void SubscriptionsEndpoint::answer(Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  if (!shard_.shared().options.subscriptions) {
    return respond(exchange, http::problem_response(404, "this hub does not tell its subscriptions (--subscriptions)"));
  }
  const auto place = place_of(head.path);
  if (!place) return respond(exchange, http::problem_response(404, "there is nothing at this path"));
  answer(exchange, *place, NewKeys::kAwaited);
}

void SubscriptionsEndpoint::answer(Exchange& exchange, const Place& place, NewKeys new_keys) {
  const http::RequestHead& head = exchange.head();
  if (auto access = check_access(head, place.path()); !access) {
    Refused& refused = access.error();
    if (new_keys == NewKeys::kAwaited && refused.source != nullptr) {
      auto again = [this, place, token = exchange.token()] {
        if (Exchange* waiting = shard_.find(token)) answer(*waiting, place, NewKeys::kCame);
      };
      if (shard_.await_keys(refused, std::move(again))) return;
    }
    return respond(exchange, std::move(refused.response));
  }
  const std::string etag = shard_.shared().active_subscriptions.etag();
  if (!place.subscriber) {
    if (has_not_changed(head, etag)) return respond(exchange, unchanged(etag));
    if (readers_.size() >= kReadersMax || !has_room()) return respond(exchange, busy());
    readers_.push_back({exchange.token(), place});
    return start_writing();
  }
  // Before it is looked up: see SubscriptionAnnouncer.
  const std::string last_event_id = shard_.id_of(shard_.hub().dispatched());
  const auto found = shard_.shared().active_subscriptions.find(*place.selector, *place.subscriber);
  if (!found) return respond(exchange, http::problem_response(404, "there is no such subscription, or no longer"));
  if (has_not_changed(head, etag)) return respond(exchange, unchanged(etag));
  respond(exchange,
          {.status = 200, .headers = document_headers(etag), .body = subscription_document(*found, last_event_id)});
}

// Nothing for what is no path of subscriptions.
std::optional<SubscriptionsEndpoint::Place> SubscriptionsEndpoint::place_of(std::string_view path) {
  Place place;
  path.remove_prefix(kSubscriptionsPath.size());
  for (auto* part : {&place.selector, &place.subscriber}) {
    if (path.empty()) break;
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty()) return std::nullopt;
    *part = url::percent_decode(segment);
    path.remove_prefix(segment.size());
  }
  if (!path.empty()) return std::nullopt;
  return place;
}

std::expected<void, Refused> SubscriptionsEndpoint::check_access(const http::RequestHead& head,
                                                                 const std::string& path) {
  const auto refuse = [](http::Response response) { return std::unexpected(Refused{std::move(response)}); };
  const auto query = url::parse_form(head.query, kQueryFieldsMax);
  if (!query) return refuse(http::problem_response(400, query.error().message));
  const auto token = token_of(head, *query, CookieCarrier::kAccepted);
  if (!token) return refuse(unauthorized(token.error().message));
  if (!*token) return refuse(unauthorized("reading subscriptions needs a token that grants '" + path + "'"));
  auto grants = shard_.policy().authorizer.subscriber(*token, std::time(nullptr));
  if (!grants) return std::unexpected(refusal_of(grants.error(), shard_.limits()));
  const auto granted = compiler_.compile(canonical_selectors(std::move(grants->subscribe)));
  if (!granted) {
    return refuse(unauthorized("the token's topics cannot be used: " + granted.error().message));
  }
  if (granted->matches(path)) return {};
  return refuse(
      http::problem_response(403, "the token does not grant subscribing to '" + path + "', which reading it takes"));
}

// A long list is written off the shard's thread.
void SubscriptionsEndpoint::start_writing() {
  std::erase_if(readers_, [this](const Reader& each) { return shard_.find(each.token) == nullptr; });
  if (readers_.empty() || std::exchange(is_writing_, true)) return;
  asked_before_ = readers_.size();
  const ActiveSubscriptions& all = shard_.shared().active_subscriptions;
  const Place& place = readers_.front().place;
  auto list = std::make_shared<std::string>();
  // Tag and id are taken before the list: it may be newer than they say, and never older.
  auto write = [&all, list, selector = place.selector, last_event_id = shard_.id_of(shard_.hub().dispatched())] {
    *list = all.list(selector, last_event_id);
  };
  shard_.run(std::move(write), [this, list, path = place.path(), etag = all.etag()] { on_written(path, etag, *list); });
}

void SubscriptionsEndpoint::on_written(const std::string& path, const std::string& etag, const std::string& list) {
  is_writing_ = false;
  std::deque<Reader> others;
  std::vector<std::uint64_t> of_this_list;
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    if (i < asked_before_ && readers_[i].place.path() == path) {
      of_this_list.push_back(readers_[i].token);
    } else {
      others.push_back(std::move(readers_[i]));
    }
  }
  readers_ = std::move(others);
  for (const std::uint64_t token : of_this_list) {
    Exchange* reader = shard_.find(token);
    if (reader == nullptr) continue;
    if (!has_room()) {
      respond(*reader, busy());
      continue;
    }
    http::Response response{.status = 200, .headers = document_headers(etag), .body = list};
    add_cors(shard_.policy().origins, reader->head(), response.headers);
    reader->respond_holding(std::move(response), hold(shard_.shared().listing_bytes, list.size()));
  }
  start_writing();
}

// Lists that readers have yet to take count until they are sent.
bool SubscriptionsEndpoint::has_room() const {
  return shard_.shared().listing_bytes <= shard_.shared().budget_bytes_per_shard / kShareOfBudget;
}

http::Response SubscriptionsEndpoint::busy() const {
  auto response = http::problem_response(503, "too many lists of subscriptions are being read at the moment");
  response.headers.add("Retry-After", std::to_string(shard_.limits().retry_after_s));
  return response;
}

void SubscriptionsEndpoint::respond(Exchange& exchange, http::Response response) const {
  add_cors(shard_.policy().origins, exchange.head(), response.headers);
  exchange.respond(std::move(response));
}

}  // namespace fanfare
