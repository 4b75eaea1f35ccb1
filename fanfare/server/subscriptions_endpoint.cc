#include "fanfare/server/subscriptions_endpoint.h"

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

http::Headers document_headers(const std::string& etag) {
  http::Headers headers;
  headers.add("Content-Type", "application/ld+json");
  headers.add("ETag", etag);
  headers.add("Cache-Control", "private, no-cache");
  headers.add("Link", std::string(kHubLink));
  return headers;
}

// Of what is said as of this event, whose id is the hub's own or "earliest".
std::string etag_of(const std::string& last_event_id) {
  return "\"" + last_event_id + "\"";
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
      if (shard_.await_keys(*refused.source, std::move(again))) return;
    }
    return respond(exchange, std::move(refused.response));
  }
  // Before the list is read: see SubscriptionAnnouncer.
  std::string last_event_id = shard_.id_of(shard_.hub().dispatched());
  if (has_not_changed(head, etag_of(last_event_id))) {
    http::Response unchanged{.status = 304, .headers = document_headers(etag_of(last_event_id)), .body = {}};
    return respond(exchange, std::move(unchanged));
  }
  if (!place.subscriber) return answer_with_list(exchange, place, std::move(last_event_id));
  const auto found = shard_.shared().active_subscriptions.find(*place.selector, *place.subscriber);
  if (!found) return respond(exchange, http::problem_response(404, "there is no such subscription, or no longer"));
  respond(exchange, {.status = 200,
                     .headers = document_headers(etag_of(last_event_id)),
                     .body = subscription_document(*found, last_event_id)});
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
void SubscriptionsEndpoint::answer_with_list(Exchange& exchange, const Place& place, std::string last_event_id) {
  auto body = std::make_shared<std::string>();
  const ActiveSubscriptions& all = shard_.shared().active_subscriptions;
  auto write = [&all, body, selector = place.selector, last_event_id] {
    *body = subscriptions_document(selector, all.list(selector), last_event_id);
  };
  shard_.run(std::move(write), [this, body, token = exchange.token(), etag = etag_of(last_event_id)] {
    Exchange* waiting = shard_.find(token);
    if (waiting == nullptr) return;
    respond(*waiting, {.status = 200, .headers = document_headers(etag), .body = std::move(*body)});
  });
}

void SubscriptionsEndpoint::respond(Exchange& exchange, http::Response response) const {
  add_cors(shard_.policy().origins, exchange.head(), response.headers);
  exchange.respond(std::move(response));
}

}  // namespace fanfare
