#include "fanfare/server/subscribe_endpoint.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include "fanfare/base/utf8.h"
#include "fanfare/server/cors.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/shard.h"
#include "fanfare/url/form.h"

namespace fanfare {
namespace {

constexpr std::string_view kEarliest = "earliest";
constexpr std::size_t kOtherParametersMax = 16;

http::ResponseHead stream_head() {
  http::ResponseHead head;
  head.headers.add("Content-Type", "text/event-stream");
  head.headers.add("Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0");
  head.headers.add("X-Accel-Buffering", "no");
  return head;
}

// The header wins over the query; of the query's spellings, the specification's over the older ones.
std::optional<std::string> last_event_id_of(const http::RequestHead& head, const std::vector<url::FormField>& query) {
  if (const auto* header = head.headers.find("Last-Event-ID")) return *header;
  for (const std::string_view name : {"lastEventID", "Last-Event-ID", "last_event_id"}) {
    const auto parameter = std::ranges::find(query, name, &url::FormField::name);
    if (parameter != query.end()) return parameter->value;
  }
  return std::nullopt;
}

}  // namespace

// What a subscriber asks for.
struct SubscribeEndpoint::Wish {
  SubscribeRequest request;
  std::optional<std::int64_t> expires_at_s;
  std::optional<std::string> last_event_id;
  std::string confirmed_id;  // the Last-Event-ID response header, if last_event_id is set
};

void SubscribeEndpoint::answer(Exchange& exchange) {
  auto wish = read(exchange.head());
  if (!wish) {
    refuse(exchange, std::move(wish.error()));
    return;
  }
  if (exchange.head().method == "HEAD") {
    http::ResponseHead head = stream_head();
    add_cors(shard_.shared().origins, exchange.head(), head.headers);
    exchange.respond_head(std::move(head));
    return;
  }
  wish->request.framing = exchange.framing();
  if (!wish->last_event_id || wish->last_event_id->empty() || *wish->last_event_id == kEarliest) {
    if (wish->last_event_id == kEarliest) wish->request.start = {Start::From::kAfter, kBeforeAll};
    wish->confirmed_id = kEarliest;
    open(exchange, std::move(*wish));
    return;
  }
  std::string id = *wish->last_event_id;
  shard_.shared().history.find(std::move(id), [this, loop = shard_.loop(), token = exchange.token(),
                                               wish = std::move(*wish)](Result<FindResult> found) mutable {
    loop->dispatch([this, token, wish = std::move(wish), found = std::move(found)]() mutable {
      if (Exchange* waiting = shard_.find(token)) resume(*waiting, std::move(wish), found);
    });
  });
}

std::expected<SubscribeEndpoint::Wish, http::Response> SubscribeEndpoint::read(const http::RequestHead& head) const {
  const auto refuse = [](int status, std::string_view reason) {
    return std::unexpected(http::text_response(status, reason));
  };
  const Shared& shared = shard_.shared();
  const Limits& limits = shared.options.limits;
  const auto query = url::parse_form(head.query, limits.selectors_per_subscription_max + kOtherParametersMax);
  if (!query) return refuse(400, query.error().message);

  Wish wish;
  for (const auto& field : *query) {
    if (field.name != "topic") continue;
    if (field.value.empty()) return refuse(400, "a topic must not be empty");
    if (field.value.size() > limits.selector_bytes_max) {
      return refuse(400, "a topic must not be longer than " + std::to_string(limits.selector_bytes_max) + " bytes");
    }
    if (!is_valid_utf8(field.value)) return refuse(400, "a topic must be UTF-8");
    wish.request.selectors.push_back(field.value);
  }
  if (wish.request.selectors.empty()) return refuse(400, "say at least one topic: ?topic=…, or ?topic=* for all");
  if (wish.request.selectors.size() > limits.selectors_per_subscription_max) {
    return refuse(400, "at most " + std::to_string(limits.selectors_per_subscription_max) + " topics are allowed");
  }
  const auto token = token_of(head, *query, CookieCarrier::kAccepted);
  if (!token) return std::unexpected(unauthorized(token.error().message));
  auto grants = shared.authorizer.subscriber(*token, std::time(nullptr));
  if (!grants) return std::unexpected(unauthorized(grants.error().reason));
  wish.request.grants = std::move(grants->subscribe);
  wish.expires_at_s = grants->expires_at_s;
  wish.last_event_id = last_event_id_of(head, *query);
  return wish;
}

void SubscribeEndpoint::resume(Exchange& exchange, Wish wish, const Result<FindResult>& found) {
  if (!found) {
    refuse(exchange, busy("the event log cannot be read: " + found.error().message));
    return;
  }
  wish.confirmed_id = found->status == FindStatus::kHeld ? *wish.last_event_id : kEarliest;
  if (found->status == FindStatus::kHeld) {
    wish.request.start = {Start::From::kAfter, found->position};
  } else if (found->status == FindStatus::kTrimmed) {
    wish.request.start = {Start::From::kAfter, kBeforeAll};  // all that is left; the header tells that some is missing
  }
  open(exchange, std::move(wish));
}

void SubscribeEndpoint::open(Exchange& exchange, Wish wish) {
  if (shard_.is_draining()) {  // since its head was read
    refuse(exchange, busy("the server is shutting down"));
    return;
  }
  auto subscription = shard_.hub().subscribe(std::move(wish.request), exchange.outlet());
  if (!subscription) {
    const std::string& reason = subscription.error().message;
    const bool full = subscription.error().failure == SelectorFailure::kOverBudget;
    refuse(exchange, full ? busy(reason) : http::text_response(400, reason));
    return;
  }
  http::ResponseHead head = stream_head();
  if (wish.last_event_id) head.headers.add("Last-Event-ID", std::move(wish.confirmed_id));
  add_cors(shard_.shared().origins, exchange.head(), head.headers);
  exchange.start_stream(std::move(head), std::move(*subscription), wish.expires_at_s);
}

http::Response SubscribeEndpoint::busy(std::string_view reason) const {
  auto response = http::text_response(503, reason);
  response.headers.add("Retry-After", std::to_string(shard_.shared().options.limits.retry_after_s));
  return response;
}

void SubscribeEndpoint::refuse(Exchange& exchange, http::Response response) const {
  add_cors(shard_.shared().origins, exchange.head(), response.headers);
  exchange.respond(std::move(response));
}

}  // namespace fanfare
