#include "fanfare/server/subscribe_endpoint.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>
#include <vector>

#include "fanfare/base/clock.h"
#include "fanfare/base/time_text.h"
#include "fanfare/base/utf8.h"
#include "fanfare/coding/negotiation.h"
#include "fanfare/http/syntax.h"
#include "fanfare/server/cors.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/poll.h"
#include "fanfare/server/routes.h"
#include "fanfare/server/shard.h"
#include "fanfare/url/form.h"
#include "fanfare/websocket/handshake.h"

namespace fanfare {
namespace {

constexpr std::string_view kEarliest = "earliest";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr Start kEverything{Start::From::kAfter, kBeforeAll};
constexpr std::size_t kOtherParametersMax = 16;

http::ResponseHead head_of_stream(Coding coding) {
  http::ResponseHead head;
  head.headers.add("Content-Type", "text/event-stream");
  if (coding != Coding::kIdentity) head.headers.add("Content-Encoding", std::string(coding_name(coding)));
  head.headers.add("Vary", "Accept-Encoding");
  head.headers.add("Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0");
  head.headers.add("X-Accel-Buffering", "no");
  head.headers.add("Link", std::string(kHubLink));
  return head;
}

// The header wins over the fields; of their spellings, the specification's over the older ones.
std::optional<std::string> last_event_id_of(const http::RequestHead& head, const std::vector<url::FormField>& fields) {
  if (const auto* header = head.headers.find("Last-Event-ID")) return *header;
  for (const std::string_view name : {"lastEventID", "Last-Event-ID", "last_event_id"}) {
    const auto parameter = std::ranges::find(fields, name, &url::FormField::name);
    if (parameter != fields.end()) return parameter->value;
  }
  return std::nullopt;
}

Result<void> check_mode(const std::vector<url::FormField>& fields) {
  const auto mode = std::ranges::find(fields, "mode", &url::FormField::name);
  if (mode == fields.end() || mode->value == "poll" || mode->value == "stream") return {};
  return fail("mode takes poll (an answer of JSON) or stream, not '" + mode->value + "'");
}

// How long to wait, in milliseconds, if the request is a long poll: by mode=poll, or by an Accept that lists JSON and
// no event stream.
Result<std::optional<std::uint64_t>> asks_for_poll(const http::RequestHead& head,
                                                   const std::vector<url::FormField>& fields, const Limits& limits) {
  bool takes_json = false;
  bool takes_events = false;
  http::for_each_element(head.headers.joined("Accept").value_or(""), [&](std::string_view element) {
    const std::string_view type = http::trimmed(element.substr(0, element.find(';')));
    takes_json |= http::equals_ignoring_case(type, "application/json");
    takes_events |= http::equals_ignoring_case(type, "text/event-stream");
  });
  const auto mode = std::ranges::find(fields, "mode", &url::FormField::name);
  const bool is_poll = mode != fields.end() ? mode->value == "poll" : takes_json && !takes_events;
  const auto wait = std::ranges::find(fields, "wait", &url::FormField::name);
  if (!is_poll) return std::nullopt;
  std::uint64_t wait_s = limits.poll_wait_s_max / 2;
  if (wait != fields.end()) {
    const char* end = wait->value.data() + wait->value.size();
    const auto [rest, error] = std::from_chars(wait->value.data(), end, wait_s);
    if (error != std::errc() || rest != end || wait_s > limits.poll_wait_s_max) {
      return fail("wait takes seconds from 0 to " + std::to_string(limits.poll_wait_s_max) + ", not '" + wait->value +
                  "'");
    }
  }
  return wait_s * 1'000;
}

std::string names_of(std::span<const Coding> codings) {
  std::string names;
  for (const Coding each : codings) names.append(names.empty() ? "" : ", ").append(coding_name(each));
  return names;
}

// The value of `since`: a time, or how long ago that was.
Result<std::uint64_t> parse_since(std::string_view text) {
  if (const auto ago_ms = parse_duration_ms(text)) {
    const std::uint64_t now_ms = system_unix_ms();
    return now_ms - std::min(now_ms, *ago_ms);
  }
  auto unix_ms = parse_rfc3339_ms(text);
  if (unix_ms) return unix_ms;
  return fail("since takes a time like 2026-11-21T14:30:00Z (RFC 3339) or a duration like 10m, not '" +
              std::string(text) + "'");
}

}  // namespace

// What a subscriber asks for.
struct SubscribeEndpoint::Wish {
  SubscribeRequest request;
  std::optional<websocket::Handshake> handshake;  // of a WebSocket
  std::optional<std::uint64_t> poll_wait_ms;      // of a long poll; with neither it is an event stream
  std::optional<std::string> token;
  std::string subject;
  std::optional<std::int64_t> expires_at_s;
  std::optional<std::string> last_event_id;
  // Where to begin without a known id.
  std::optional<std::uint64_t> since_unix_ms;
  bool wants_state = false;
  std::string payload;
  std::string confirmed_id;  // the Last-Event-ID response header, if last_event_id or since_unix_ms is set
};

void SubscribeEndpoint::answer(Exchange& exchange) {
  answer(exchange, NewKeys::kAwaited);
}

// Who waits for keys is read again when they have come: meanwhile its request is kept by its connection alone.
void SubscribeEndpoint::answer(Exchange& exchange, NewKeys new_keys) {
  auto wish = read(exchange);
  if (!wish) {
    refuse(exchange, std::move(wish.error()));
    return;
  }
  auto grants = shard_.policy().authorizer.subscriber(wish->token, std::time(nullptr));
  if (grants) {
    wish->subject = subject_of(wish->token, *grants);
    wish->request.grants = std::move(grants->subscribe);
    wish->expires_at_s = grants->expires_at_s;
    wish->payload = std::move(grants->payload);
    serve(exchange, std::move(*wish));
    return;
  }
  Refused refused = fanfare::refusal_of(grants.error(), shard_.limits());
  if (new_keys == NewKeys::kAwaited && refused.source != nullptr) {
    if (exchange.body().size() > kUncheckedBodyBytesMax) {
      refuse(exchange, refusal_without_waiting(std::move(refused)));
      return;
    }
    auto again = [this, token = exchange.token()] {
      if (Exchange* waiting = shard_.find(token)) answer(*waiting, NewKeys::kCame);
    };
    if (shard_.await_keys(refused, again)) return;
  }
  refuse(exchange, std::move(refused.response));
}

void SubscribeEndpoint::serve(Exchange& exchange, Wish wish) {
  if (exchange.head().method == "HEAD" && wish.poll_wait_ms) wish.poll_wait_ms = 0;
  if (exchange.head().method == "HEAD" && !wish.poll_wait_ms) {
    http::ResponseHead head = head_of_stream(wish.request.coding);
    add_cors(shard_.policy().origins, exchange.head(), head.headers);
    exchange.respond_head(std::move(head));
    return;
  }
  if (!wish.last_event_id || wish.last_event_id->empty()) {
    begin(exchange, std::move(wish));
  } else if (*wish.last_event_id == kEarliest) {
    wish.request.start = kEverything;
    wish.confirmed_id = kEarliest;
    open(exchange, std::move(wish));
  } else {
    auto find = [this, id = *wish.last_event_id](FindDone done) mutable {
      shard_.shared().history.find(std::move(id), std::move(done));
    };
    look_up(exchange, std::move(wish), std::move(find), &SubscribeEndpoint::resume);
  }
}

void SubscribeEndpoint::look_up(Exchange& exchange, Wish wish, std::move_only_function<void(FindDone)> ask,
                                GoOn go_on) {
  ask([this, go_on, loop = shard_.loop(), token = exchange.token(),
       wish = std::move(wish)](Result<FindResult> found) mutable {
    loop->dispatch([this, go_on, token, wish = std::move(wish), found = std::move(found)]() mutable {
      if (Exchange* waiting = shard_.find(token)) (this->*go_on)(*waiting, std::move(wish), found);
    });
  });
}

std::expected<std::size_t, http::Response> SubscribeEndpoint::admit(const Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  if (head.method != "QUERY") return std::size_t{0};
  if (!http::has_media_type(head.headers, kFormType)) {
    auto response = http::problem_response(415, "a QUERY takes its topics as " + std::string(kFormType));
    response.headers.add("Accept-Query", std::string(kFormType));
    return std::unexpected(std::move(response));
  }
  return shard_.limits().request_body_bytes_max;
}

std::expected<SubscribeEndpoint::Wish, http::Response> SubscribeEndpoint::read(const Exchange& exchange) const {
  const auto refuse = [](int status, std::string_view reason) {
    return std::unexpected(http::problem_response(status, reason));
  };
  const Limits& limits = shard_.limits();
  const http::RequestHead& head = exchange.head();
  const std::size_t fields_max = limits.selectors_per_subscription_max + kOtherParametersMax;
  const auto query = url::parse_form(head.query, fields_max);
  if (!query) return refuse(400, query.error().message);
  const auto body = url::parse_form(exchange.body(), fields_max);
  if (!body) return refuse(400, body.error().message);
  // Both count; of what there may be only one of, the query's.
  std::vector<url::FormField> fields = *query;
  fields.insert(fields.end(), body->begin(), body->end());

  Wish wish;
  for (const auto& field : fields) {
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
  if (auto announced = check_announced(wish.request.selectors); !announced)
    return refuse(400, announced.error().message);
  auto cookie = choose_form(exchange, fields, wish);
  if (!cookie) return std::unexpected(std::move(cookie.error()));
  auto token = token_of(head, *query, *cookie);
  if (!token) return std::unexpected(unauthorized(token.error().message));
  wish.token = std::move(*token);
  wish.last_event_id = last_event_id_of(head, fields);
  if (const auto since = std::ranges::find(fields, "since", &url::FormField::name); since != fields.end()) {
    const auto unix_ms = parse_since(since->value);
    if (!unix_ms) return refuse(400, unix_ms.error().message);
    wish.since_unix_ms = *unix_ms;
  }
  if (const auto replay = std::ranges::find(fields, "replay", &url::FormField::name); replay != fields.end()) {
    if (replay->value != "last") return refuse(400, "replay=last is the only kind: the newest update of each topic");
    if (wish.since_unix_ms) return refuse(400, "give since or replay, not both");
    wish.wants_state = true;
  }
  return wish;
}

// An event stream in some content coding, a WebSocket, or a long poll. Returns whether the request's cookie counts.
std::expected<CookieCarrier, http::Response> SubscribeEndpoint::choose_form(const Exchange& exchange,
                                                                            const std::vector<url::FormField>& fields,
                                                                            Wish& wish) const {
  const http::RequestHead& head = exchange.head();
  if (const auto checked = check_mode(fields); !checked)
    return std::unexpected(http::problem_response(400, checked.error().message));
  // First of all: over HTTP/2, a browser takes any 200 for a WebSocket that has been granted.
  if (!websocket::asks_for_websocket(head)) {
    const auto polls = asks_for_poll(head, fields, shard_.limits());
    if (!polls) return std::unexpected(http::problem_response(400, polls.error().message));
    if (*polls) {
      wish.poll_wait_ms = *polls;
      wish.request.framing = Framing::kBare;
      wish.request.wire = Wire::kJsonList;
      return CookieCarrier::kAccepted;
    }
    const auto& offer = shard_.policy().codings;
    const auto coding = choose_coding(head.headers.joined("Accept-Encoding"), offer);
    if (!coding) {
      const std::string reason = "Accept-Encoding takes none of what is offered: " + names_of(offer);
      http::Response refusal = http::problem_response(406, reason);
      refusal.headers.add("Vary", "Accept-Encoding");
      return std::unexpected(std::move(refusal));
    }
    wish.request.framing = exchange.framing();
    wish.request.coding = *coding;
    return CookieCarrier::kAccepted;
  }
  const auto cookie = cookie_for_websocket(shard_.policy().origins, head, exchange.origin());
  if (!cookie) {
    return std::unexpected(http::problem_response(
        403, "pages of " + *head.headers.find("Origin") + " may not open a WebSocket here: --cors-origin allows them"));
  }
  auto handshake = websocket::judge_handshake(head);
  if (!handshake) return std::unexpected(websocket::refusal_response(handshake.error()));
  wish.request.framing = Framing::kBare;
  wish.request.wire = handshake->deflate ? Wire::kCompressedWebSocket : Wire::kWebSocket;
  wish.handshake = std::move(*handshake);
  return *cookie;
}

// What is announced goes to everybody who watches: no QUERY may make more of it than a GET could.
Result<void> SubscribeEndpoint::check_announced(const std::vector<std::string>& selectors) const {
  if (!shard_.shared().options.subscriptions) return {};
  std::size_t bytes = 0;
  for (const auto& selector : selectors) bytes += selector.size();
  const std::size_t most = shard_.limits().request_head_bytes_max;
  if (bytes <= most) return {};
  return fail("the topics have " + std::to_string(bytes) + " bytes together, and this hub announces each: at most " +
              std::to_string(most) + " are allowed (request_head_bytes_max)");
}

void SubscribeEndpoint::resume(Exchange& exchange, Wish wish, const Result<FindResult>& found) {
  if (!found) {
    refuse(exchange, busy("the event log cannot be read: " + found.error().message));
    return;
  }
  switch (found->status) {
    case FindStatus::kHeld:
      wish.confirmed_id = *wish.last_event_id;
      wish.request.start = {Start::From::kAfter, found->position};
      break;
    case FindStatus::kTrimmed:
      wish.confirmed_id = kEarliest;  // tells that some is missing from all that is left
      wish.request.start = kEverything;
      break;
    case FindStatus::kDamaged:
      wish.confirmed_id = kEarliest;  // tells that some is missing; what it has seen is not repeated
      wish.request.start = {Start::From::kAfter, found->position};
      break;
    case FindStatus::kUnknown:
      wish.confirmed_id = kEarliest;
      if (wish.since_unix_ms || wish.wants_state) return begin(exchange, std::move(wish));
      if (shard_.shared().options.unknown_id == UnknownId::kReplay) wish.request.start = kEverything;
      break;
  }
  open(exchange, std::move(wish));
}

// Without an id that is known. confirmed_id is set already if there was one that is not.
void SubscribeEndpoint::begin(Exchange& exchange, Wish wish) {
  if (wish.since_unix_ms) {
    auto find_time = [this, unix_ms = *wish.since_unix_ms](FindDone done) {
      shard_.shared().history.find_time(unix_ms, std::move(done));
    };
    look_up(exchange, std::move(wish), std::move(find_time), &SubscribeEndpoint::begin_since);
    return;
  }
  if (wish.wants_state) {
    wish.request.start.from = Start::From::kState;
    wish.confirmed_id = kEarliest;
  }
  if (wish.confirmed_id.empty()) wish.confirmed_id = shard_.id_of(shard_.hub().dispatched());
  open(exchange, std::move(wish));
}

void SubscribeEndpoint::begin_since(Exchange& exchange, Wish wish, const Result<FindResult>& found) {
  if (!found) {
    refuse(exchange, busy("the event log cannot be read: " + found.error().message));
    return;
  }
  const bool is_held = found->status == FindStatus::kHeld;
  const bool is_reached = is_held || found->status == FindStatus::kDamaged;
  wish.request.start = is_reached ? Start{Start::From::kAfter, found->position} : kEverything;
  if (wish.confirmed_id.empty()) wish.confirmed_id = is_held ? shard_.id_of(found->position) : kEarliest;
  open(exchange, std::move(wish));
}

// Polls are not among the active subscriptions: they come and go too often for others to be told.
void SubscribeEndpoint::open_poll(Exchange& exchange, Wish wish) {
  auto place = shard_.shared().quotas.subscribe(shard_.limits(), exchange.client(), wish.subject);
  if (!place) return refuse(exchange, place.error().response());
  auto poll = std::make_unique<Poll>(shard_, exchange.token(), std::move(*place));
  Poll& waiting = *poll;
  auto subscription = shard_.hub().subscribe(wish.request, waiting);
  if (!subscription) return refuse(exchange, refusal_of(subscription.error()));
  if ((*subscription)->may_have_missed(wish.request.start.holes_known_through)) wish.confirmed_id = kEarliest;
  http::ResponseHead head;
  head.headers.add("Content-Type", "application/json");
  head.headers.add("Cache-Control", "private, no-store");
  head.headers.add("Vary", "Accept");
  head.headers.add("Link", std::string(kHubLink));
  if (wish.last_event_id || wish.since_unix_ms) head.headers.add("Last-Event-ID", std::move(wish.confirmed_id));
  add_cors(shard_.policy().origins, exchange.head(), head.headers);
  std::uint64_t wait_ms = *wish.poll_wait_ms;
  if (wish.expires_at_s) {
    const std::int64_t left_s = std::max<std::int64_t>(0, *wish.expires_at_s - std::time(nullptr));
    wait_ms = std::min(wait_ms, static_cast<std::uint64_t>(left_s) * 1'000);
  }
  exchange.wait_with(std::move(poll));
  waiting.begin(std::move(*subscription), std::move(head), wait_ms);
}

void SubscribeEndpoint::open(Exchange& exchange, Wish wish) {
  if (shard_.is_draining()) {  // since its head was read
    refuse(exchange, busy("the server is shutting down"));
    return;
  }
  const Shared& shared = shard_.shared();
  const bool is_told = shared.options.subscriptions;
  // Updates about subscriptions are not stored, and those of the time before this server are of no use.
  Start& start = wish.request.start;
  const bool reads_on = is_told && start.from == Start::From::kAfter;
  if (reads_on)
    start.holes_known_through = std::max(shard_.shared().history.transient_after(), shard_.first_position());
  if (wish.poll_wait_ms) return open_poll(exchange, std::move(wish));
  auto place = shared.quotas.subscribe(shard_.limits(), exchange.client(), wish.subject);
  if (!place) {
    refuse(exchange, place.error().response());
    return;
  }
  const Position holes = start.holes_known_through;
  auto subscription = shard_.hub().subscribe(wish.request, exchange.outlet());
  if (!subscription) return refuse(exchange, refusal_of(subscription.error()));
  if (reads_on && (*subscription)->may_have_missed(holes)) wish.confirmed_id = kEarliest;
  const bool is_resumed = wish.last_event_id || wish.since_unix_ms;
  http::ResponseHead head = wish.handshake ? std::move(wish.handshake->response) : head_of_stream(wish.request.coding);
  if (is_resumed) head.headers.add("Last-Event-ID", std::move(wish.confirmed_id));
  Stream stream{.subscription = std::move(*subscription),
                .opening = shard_.hub().opening(wish.request.coding),
                .presence = nullptr,
                .expires_at_s = wish.expires_at_s,
                .place = std::move(*place)};
  if (is_told) {
    stream.presence =
        shard_.announcer().join(make_subscriber(std::move(wish.request.selectors), std::move(wish.payload)));
  }
  if (wish.handshake) {
    wish.handshake->response = std::move(head);
    exchange.start_websocket(std::move(*wish.handshake), std::move(stream));
    return;
  }
  add_cors(shard_.policy().origins, exchange.head(), head.headers);
  exchange.start_stream(std::move(head), std::move(stream));
}

http::Response SubscribeEndpoint::refusal_of(const SelectorError& error) const {
  return error.failure == SelectorFailure::kOverBudget ? busy(error.message)
                                                       : http::problem_response(400, error.message);
}

http::Response SubscribeEndpoint::busy(std::string_view reason) const {
  return http::retry_response(503, reason, shard_.limits().retry_after_s);
}

void SubscribeEndpoint::refuse(Exchange& exchange, http::Response response) const {
  add_cors(shard_.policy().origins, exchange.head(), response.headers);
  exchange.respond(std::move(response));
}

}  // namespace fanfare
