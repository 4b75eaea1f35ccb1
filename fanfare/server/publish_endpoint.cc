#include "fanfare/server/publish_endpoint.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <span>
#include <utility>

#include "fanfare/server/cors.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/shard.h"
#include "fanfare/url/form.h"

namespace fanfare {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kLinesType = "application/x-ndjson";
constexpr std::size_t kPublishersMax = 1'000;  // tokens remembered; then all are forgotten and checked again
constexpr std::size_t kQueryFieldsMax = 16;
// Of a token's grants, in the reason of a refusal.
constexpr std::size_t kSelectorsShown = 5;
constexpr std::size_t kSelectorBytesShown = 200;
constexpr std::chrono::milliseconds kRetryParked{2};

std::string_view media_type_of(const http::RequestHead& head) {
  const auto* type = head.headers.find("Content-Type");
  if (type == nullptr) return {};
  std::string_view media = std::string_view(*type).substr(0, type->find(';'));
  while (media.ends_with(' ')) media.remove_suffix(1);
  return media;
}

// "'a', 'b' and 7 more".
std::string list_selectors(std::span<const std::string> selectors) {
  if (selectors.empty()) return "nothing";
  std::string text;
  for (const auto& selector : selectors.first(std::min(selectors.size(), kSelectorsShown))) {
    text.append(text.empty() ? "'" : ", '").append(selector.substr(0, kSelectorBytesShown));
    text.append(selector.size() > kSelectorBytesShown ? "…'" : "'");
  }
  if (selectors.size() > kSelectorsShown) {
    text.append(" and ").append(std::to_string(selectors.size() - kSelectorsShown)).append(" more");
  }
  return text;
}

// The first update with a topic that is not granted, if there is one. granted_text: what is.
std::optional<Rejection> find_ungranted(std::span<const Update> updates, const SelectorSet& granted,
                                        std::string_view granted_text, bool are_lines) {
  for (std::size_t i = 0; i < updates.size(); ++i) {
    for (const auto& topic : updates[i].topics) {
      if (granted.matches(topic)) continue;
      std::string reason = "the token does not grant publishing to '" + topic + "': it grants ";
      Rejection rejection{403, reason.append(granted_text)};
      return are_lines ? in_line(i + 1, std::move(rejection)) : rejection;
    }
  }
  return std::nullopt;
}

}  // namespace

PublishEndpoint::PublishEndpoint(Shard& shard)
    : shard_(shard), compiler_(shard.limits().compiled_selectors_bytes_max), retry_timer_(*shard.loop()) {}

std::expected<std::size_t, http::Response> PublishEndpoint::admit(const Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  auto publisher = publisher_of(head);
  if (!publisher && publisher.error().source == nullptr) return std::unexpected(std::move(publisher.error().response));
  if (!format_of(head)) {
    return std::unexpected(http::problem_response(400, "publish with Content-Type: " + std::string(kFormType) +
                                                           " for one update, or " + std::string(kLinesType) +
                                                           " for lines of JSON, each an update"));
  }
  if (!publisher) return admit_before_keys(head, std::move(publisher.error()));
  const Shared& shared = shard_.shared();
  const Limits& limits = shard_.limits();
  auto over = shared.quotas.check_publisher(limits, exchange.client(), (*publisher)->subject, net::steady_ms());
  if (over) return std::unexpected(over->response());
  return limits.request_body_bytes_max;
}

// The body may come while the keys are fetched that tell whether it was allowed to, unless it is large.
std::expected<std::size_t, http::Response> PublishEndpoint::admit_before_keys(const http::RequestHead& head,
                                                                              Refused refused) {
  const auto* length = head.headers.find("Content-Length");
  const bool is_small = length != nullptr && length->size() <= 19 && std::stoull(*length) <= kUncheckedBodyBytesMax;
  if (!is_small) return std::unexpected(refusal_without_waiting(std::move(refused)));
  if (refused.source->renew({}) != Renewal::kAwaited) return std::unexpected(std::move(refused.response));
  return kUncheckedBodyBytesMax;
}

std::optional<PublishEndpoint::BodyFormat> PublishEndpoint::format_of(const http::RequestHead& head) {
  const std::string_view media = media_type_of(head);
  if (http::equals_ignoring_case(media, kFormType)) return BodyFormat::kForm;
  if (http::equals_ignoring_case(media, kLinesType)) return BodyFormat::kLines;
  return std::nullopt;
}

std::expected<const PublishEndpoint::Publisher*, Refused> PublishEndpoint::publisher_of(const http::RequestHead& head) {
  const auto refuse = [](http::Response response) { return std::unexpected(Refused{std::move(response)}); };
  const auto query = url::parse_form(head.query, kQueryFieldsMax);
  if (!query) return refuse(http::problem_response(400, query.error().message));
  const auto token = token_of(head, *query, cookie_for_publishing(head, shard_.policy().publish_origins));
  if (!token) return refuse(unauthorized(token.error().message));
  const std::uint64_t keys_version = shard_.policy().authorizer.keys_version();
  const std::uint64_t policy_version = shard_.policy_version();
  const bool other_keys = std::exchange(keys_version_, keys_version) != keys_version;
  const bool other_policy = std::exchange(policy_version_, policy_version) != policy_version;
  if (other_keys || other_policy) publishers_.clear();
  const std::int64_t now_s = std::time(nullptr);
  const std::string key = token->value_or("");
  if (const auto known = publishers_.find(key); known != publishers_.end()) {
    if (!known->second.expires_at_s || now_s < *known->second.expires_at_s) return &known->second;
    publishers_.erase(known);
  }
  auto grants = shard_.policy().authorizer.publisher(*token, now_s);
  if (!grants) return std::unexpected(refusal_of(grants.error(), shard_.limits()));
  if (publishers_.size() >= kPublishersMax) publishers_.clear();
  const auto selectors = canonical_selectors(std::move(grants->publish));
  auto topics = compiler_.compile(selectors);
  if (!topics && topics.error().failure == SelectorFailure::kOverBudget) {
    publishers_.clear();
    topics = compiler_.compile(selectors);
  }
  if (!topics) return refuse(unauthorized("the token's topics cannot be used: " + topics.error().message));
  Publisher publisher{std::move(*topics), list_selectors(selectors), grants->expires_at_s, subject_of(*token, *grants)};
  return &publishers_.emplace(key, std::move(publisher)).first->second;
}

void PublishEndpoint::answer(Exchange& exchange) {
  answer(exchange, NewKeys::kAwaited);
}

void PublishEndpoint::answer(Exchange& exchange, NewKeys new_keys) {
  auto publisher = publisher_of(exchange.head());
  if (publisher) {
    publish(exchange, **publisher);
    return;
  }
  // The token has expired since its head was read, or its key is unknown.
  Refused& refused = publisher.error();
  if (new_keys == NewKeys::kAwaited && refused.source != nullptr) {
    auto again = [this, token = exchange.token()] {
      if (Exchange* waiting = shard_.find(token)) answer(*waiting, NewKeys::kCame);
    };
    if (shard_.await_keys(refused, again)) return;
  }
  respond(exchange, std::move(refused.response));
}

void PublishEndpoint::publish(Exchange& exchange, const Publisher& publisher) {
  const Shared& shared = shard_.shared();
  auto updates = read(exchange);
  if (!updates) {
    respond(exchange, http::problem_response(updates.error().status, updates.error().reason));
    return;
  }
  const bool are_lines = format_of(exchange.head()) == BodyFormat::kLines;
  if (const auto rejection = find_ungranted(*updates, publisher.topics, publisher.topics_text, are_lines)) {
    respond(exchange, http::problem_response(rejection->status, rejection->reason));
    return;
  }
  if (const auto over =
          shared.quotas.publish(shard_.limits(), exchange.client(), publisher.subject, *updates, net::steady_ms())) {
    respond(exchange, over->response());
    return;
  }
  const std::uint64_t token = exchange.token();
  if (shared.overfull_feeds == 0 && parked_.empty()) {
    append(token, std::move(*updates));
    return;
  }
  shard_.counters().held_publishes_total.add();
  parked_.push_back({token, net::steady_ms() + shard_.limits().publish_wait_ms});
  if (parked_.size() == 1) retry_timer_.start(kRetryParked, [this] { retry_parked(); });
}

std::expected<std::vector<Update>, Rejection> PublishEndpoint::read(const Exchange& exchange) const {
  const Limits& limits = shard_.limits();
  if (format_of(exchange.head()) == BodyFormat::kLines) return read_lines(exchange.body(), limits);
  auto update = read_form(exchange.body(), limits);
  if (!update) return std::unexpected(std::move(update.error()));
  std::vector<Update> one;
  one.push_back(std::move(*update));
  return one;
}

void PublishEndpoint::append(std::uint64_t token, std::vector<Update> updates) {
  auto done = [this, token, loop = shard_.loop()](Result<std::vector<Appended>> appended) {
    loop->dispatch([this, token, appended = std::move(appended)]() mutable { finish(token, std::move(appended)); });
  };
  shard_.shared().history.append_all(std::move(updates), std::move(done));
}

void PublishEndpoint::finish(std::uint64_t token, Result<std::vector<Appended>> appended) {
  if (appended) shard_.counters().updates_total.add(appended->size());
  Exchange* exchange = shard_.find(token);
  if (exchange == nullptr) return;
  if (!appended) {
    respond(*exchange, not_stored(appended.error()));
    return;
  }
  const std::string_view end_of_id = format_of(exchange->head()) == BodyFormat::kLines ? "\n" : "";
  http::Response response{.status = 200, .headers = {}, .body = {}};
  for (const auto& each : *appended) response.body.append(each.id).append(end_of_id);
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  respond(*exchange, std::move(response));
}

http::Response PublishEndpoint::not_stored(const Error& error) const {
  const int status = error.kind == ErrorKind::kNoSpace ? 507 : error.kind == ErrorKind::kOverloaded ? 503 : 500;
  const std::string detail = "nothing was stored: " + error.message;
  if (status == 500) return http::problem_response(status, detail);
  return http::retry_response(status, detail, shard_.limits().retry_after_s);
}

// Publishers are held while the shards cannot keep up with dispatching, so that nothing piles up without bound.
void PublishEndpoint::retry_parked() {
  const std::uint64_t now_ms = net::steady_ms();
  while (!parked_.empty()) {
    const bool room = shard_.shared().overfull_feeds == 0;
    if (!room && now_ms < parked_.front().until_ms) break;
    const Parked next = parked_.front();
    parked_.pop_front();
    Exchange* exchange = shard_.find(next.token);
    if (exchange == nullptr) continue;
    if (room) {
      append_parked(*exchange);
      continue;
    }
    respond(*exchange, not_stored({"the hub is overloaded", ErrorKind::kOverloaded}));
  }
  if (!parked_.empty()) retry_timer_.start(kRetryParked, [this] { retry_parked(); });
}

void PublishEndpoint::append_parked(Exchange& exchange) {
  auto updates = read(exchange);
  if (!updates) {  // by other limits than those that it was parked under
    respond(exchange, http::problem_response(updates.error().status, updates.error().reason));
    return;
  }
  append(exchange.token(), std::move(*updates));
}

void PublishEndpoint::respond(Exchange& exchange, http::Response response) const {
  add_cors(shard_.policy().origins, exchange.head(), response.headers);
  exchange.respond(std::move(response));
}

}  // namespace fanfare
