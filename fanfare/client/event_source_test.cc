// The event source as programs use it, over real sockets: its three ways to give events, what it sends, and how it
// ends.
#include "fanfare/client/event_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fanfare/client/async_next.h"
#include "testing/client/scripted_server.h"

namespace fanfare::client {
namespace {

using namespace client_testing;
using namespace std::chrono_literals;
using Then = ScriptedAnswer::Then;

constexpr auto kPatience = 15s;

// Reconnects at once.
EventSourceOptions eager(Policy policy = Policy::resilient()) {
  policy.reconnection_time_ms = 1;
  policy.delay_ms_max = 20;
  return {.policy = policy};
}

EventSource opened(Result<EventSource> source) {
  if (!source) {
    ADD_FAILURE() << source.error().message;
    std::abort();
  }
  return std::move(*source);
}

std::string data_of(NextEvent next) {
  if (next) return next->data;
  return next.error() == NoEvent::kTimeout ? "timeout" : "closed";
}

TEST(EventSource, GivesEventsOneByOneUntilTheServerAsksToStop) {
  const ScriptedServer server({{stream_of("id: 1\ndata: one\n\nevent: news\ndata: two\n\n")}, {empty_answer(204)}});
  auto source = opened(EventSource::open({.url = server.url("/events")}, eager()));
  const auto one = source.next(kPatience);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->type, "message");
  EXPECT_EQ(one->last_event_id, "1");
  EXPECT_EQ(one->origin + "/events", server.url("/events"));
  EXPECT_EQ(source.last_event_id(), "1");
  const auto two = source.next(kPatience);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->type + " " + two->data, "news two");
  EXPECT_EQ(data_of(source.next(kPatience)), "closed");
  EXPECT_EQ(source.ready_state(), ReadyState::kClosed);
  ASSERT_TRUE(source.failure());
  EXPECT_EQ(source.failure()->kind, FailureKind::kNoContent);
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_TRUE(server.requests()[0].head.starts_with("GET /events HTTP/1.1\r\n"));
  EXPECT_EQ(server.requests()[0].field("Accept"), "text/event-stream");
  EXPECT_EQ(server.requests()[0].field("Cache-Control"), "no-cache");
  EXPECT_EQ(server.requests()[0].field("Last-Event-ID"), "");
  EXPECT_EQ(server.requests()[1].field("Last-Event-ID"), "1");
}

TEST(EventSource, WaitsForAnEventNoLongerThanItIsTold) {
  const ScriptedServer server({{stream_of(": nothing yet\n\n"), Then::kHold}});
  auto source = opened(EventSource::open({.url = server.url()}));
  EXPECT_EQ(data_of(source.next(50ms)), "timeout");
  source.close();
  EXPECT_EQ(data_of(source.next()), "closed");
  EXPECT_FALSE(source.failure()) << "the user closed it";
}

TEST(EventSource, SendsTheSameRequestAgainAtEachReconnection) {
  const ScriptedServer server({{stream_of("id: \xc3\xa9\xe2\x82\xac\ndata\n\n")}, {empty_answer(204)}});
  Policy policy = Policy::resilient();
  policy.non_idempotent = NonIdempotent::kRepeat;
  auto source = opened(EventSource::open({.url = server.url("/jobs?a=b"),
                                          .method = "POST",
                                          .headers = {{"X-Job", "17"}, {"accept", "text/event-stream, */*"}},
                                          .body = "{\"job\":17}"},
                                         eager(policy)));
  while (source.next(kPatience)) {
  }
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  for (const auto& each : requests) {
    EXPECT_TRUE(each.head.starts_with("POST /jobs?a=b HTTP/1.1\r\n")) << each.head;
    EXPECT_EQ(each.field("X-Job"), "17");
    EXPECT_EQ(each.field("accept"), "text/event-stream, */*");
    EXPECT_EQ(each.field("Accept"), "") << "the user's stands instead";
    EXPECT_EQ(each.field("Expect"), "");
    EXPECT_EQ(each.body, "{\"job\":17}");
  }
  EXPECT_EQ(requests[1].field("Last-Event-ID"), "\xc3\xa9\xe2\x82\xac") << "raw UTF-8";
}

TEST(EventSource, RedirectsAreFollowedAndForgottenWhenItReconnects) {
  const ScriptedServer there({{stream_of("data: there\n\n")}});
  const ScriptedServer here({{empty_answer(307, "Location: " + there.url("/moved") + "\r\n")}, {empty_answer(204)}});
  auto source = opened(EventSource::open(
      {.url = here.url("/first"), .headers = {{"Authorization", "Bearer secret"}, {"X-Other", "1"}}}, eager()));
  const auto event = source.next(kPatience);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->origin + "/moved", there.url("/moved"));
  EXPECT_EQ(data_of(source.next(kPatience)), "closed");
  EXPECT_EQ(here.requests().size(), 2U) << "the URL that it was given";
  EXPECT_EQ(here.requests()[0].field("Authorization"), "Bearer secret");
  ASSERT_EQ(there.requests().size(), 1U);
  EXPECT_EQ(there.requests()[0].field("Authorization"), "") << "credentials stay with the first origin";
  EXPECT_EQ(there.requests()[0].field("X-Other"), "1");
}

TEST(EventSource, WhatCannotBeMeantIsToldAtOnce) {
  const std::pair<Request, std::string> rows[] = {
      {{.url = ""}, "is no URL"},
      {{.url = "http://[::1"}, "is no URL"},
      {{.url = "http://a/", .method = "GE T"}, "is no method"},
      {{.url = "http://a/", .headers = {{"X Y", "1"}}}, "is no header name"},
      {{.url = "http://a/", .headers = {{"X", "1\r\nY: 2"}}}, "has a line break"},
  };
  for (const auto& [request, message] : rows) {
    const auto source = EventSource::open(request);
    ASSERT_FALSE(source) << message;
    EXPECT_NE(source.error().message.find(message), std::string::npos) << source.error().message;
  }
  EXPECT_FALSE(EventSource::open({.url = "http://a/"}, {.last_event_id = "a\nb"}));
}

TEST(EventSource, WhatIsFutileClosesItAndOtherFailuresAreTriedAgain) {
  auto ftp = opened(EventSource::open({.url = "ftp://127.0.0.1/"}));
  EXPECT_EQ(data_of(ftp.next(kPatience)), "closed");
  ASSERT_TRUE(ftp.failure());
  EXPECT_EQ(ftp.failure()->kind, FailureKind::kFutile);

  Policy policy = Policy::resilient();
  policy.attempts_max = 3;
  std::vector<Failure> failures;
  {
    auto nobody = opened(EventSource::open({.url = "http://127.0.0.1:1/"}, eager(policy),
                                           {.on_error = [&](const Failure& each) { failures.push_back(each); }}));
    EXPECT_EQ(data_of(nobody.next(kPatience)), "closed");
  }
  ASSERT_EQ(failures.size(), 3U);
  EXPECT_EQ(failures[0].kind, FailureKind::kNetwork);
  EXPECT_NE(failures[0].message.find("127.0.0.1"), std::string::npos) << failures[0].message;
  EXPECT_EQ(failures[2].kind, FailureKind::kAttemptsUsedUp);
}

TEST(EventSource, TheBodyOfARefusalIsThereToJudgeIt) {
  const std::string refusal =
      "HTTP/1.1 503 Busy\r\nContent-Length: 9\r\nRetry-After: 0\r\nConnection: close\r\n\r\ncome back";
  const ScriptedServer server({{refusal}, {stream_of("data: now\n\n"), Then::kHold}});
  std::string body;
  auto source = opened(
      EventSource::open({.url = server.url()}, eager(), {.judge_response = [&](const ResponseHead& head) {
                          if (head.status != 200) body = head.body_start;
                          return head.status == 503 ? ResponseVerdict::retry_in(1) : ResponseVerdict::by_policy();
                        }}));
  EXPECT_EQ(data_of(source.next(kPatience)), "now");
  EXPECT_EQ(body, "come back");
}

TEST(EventSource, AHandlerHasEveryEventAndTheLastCallIsThatItIsClosed) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "id: " + std::to_string(i) + "\ndata: " + std::to_string(i) + "\n\n";
  const ScriptedServer server({{stream_of(body), Then::kEnd, 7}, {empty_answer(204)}});
  std::string seen;
  std::promise<void> closed;
  auto source = opened(
      EventSource::open({.url = server.url()}, eager(),
                        {.on_event = [&](const event_stream::Event& event) { seen += std::string(event.data) + " "; },
                         .on_open = [&](const Opened& its) { seen += "open" + std::to_string(its.connections) + " "; },
                         .on_error = [&](const Failure& failure) { seen += failure.is_final() ? "final " : "error "; },
                         .on_closed = [&](CloseReason) { closed.set_value(); }}));
  ASSERT_EQ(closed.get_future().wait_for(kPatience), std::future_status::ready);
  std::string expected = "open1 ";
  for (int i = 0; i < 100; ++i) expected += std::to_string(i) + " ";
  EXPECT_EQ(seen, expected + "error final ");
}

TEST(EventSource, NothingComesAfterCloseEvenFromWithinAHandler) {
  const ScriptedServer server({{stream_of("data: 1\n\ndata: 2\n\ndata: 3\n\n"), Then::kHold}});
  std::string seen;
  std::promise<CloseReason> closed;
  std::optional<EventSource> source;
  std::promise<void> is_set;
  auto ready = is_set.get_future().share();
  source = opened(EventSource::open({.url = server.url()}, {},
                                    {.on_event =
                                         [&](const event_stream::Event& event) {
                                           ready.wait();
                                           seen += event.data;
                                           if (event.data == "2") source->close();
                                         },
                                     .on_closed = [&](CloseReason reason) { closed.set_value(reason); }}));
  is_set.set_value();
  auto reason = closed.get_future();
  ASSERT_EQ(reason.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(reason.get(), CloseReason::kByUser);
  source.reset();
  EXPECT_EQ(seen, "12");
}

TEST(EventSource, MayBeDestroyedAtAnyTime) {
  const ScriptedServer server({{stream_of("data: 1\n\n"), Then::kHold}});
  for (int i = 0; i < 50; ++i) {  // before it connects, or while
    std::atomic<int> closed = 0;
    {
      auto source = opened(EventSource::open({.url = server.url()}, {}, {.on_closed = [&](CloseReason) { ++closed; }}));
      if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i * 20));
    }
    EXPECT_EQ(closed, 1) << "before the destructor returns";
  }
  // From within its own handler: nothing is called afterwards.
  std::optional<EventSource> source;
  std::promise<void> is_set;
  auto ready = is_set.get_future().share();
  std::promise<void> destroyed;
  std::atomic<int> closed = 0;
  source = opened(EventSource::open({.url = server.url()}, {},
                                    {.on_event =
                                         [&](const event_stream::Event&) {
                                           ready.wait();
                                           source.reset();
                                           destroyed.set_value();
                                         },
                                     .on_closed = [&](CloseReason) { ++closed; }}));
  is_set.set_value();
  ASSERT_EQ(destroyed.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(closed, 0);
}

TEST(EventSource, WhoDoesNotTakeEventsMakesItReadNoMore) {
  std::string body;
  constexpr int kEvents = 3'000;
  for (int i = 0; i < kEvents; ++i) body += "data: " + std::to_string(i) + std::string(10'000, '.') + "\n\n";
  const ScriptedServer server({{stream_of(body)}, {empty_answer(204)}});
  auto options = eager();
  options.waiting_bytes_max = 100'000;
  auto source = opened(EventSource::open({.url = server.url()}, options));
  EXPECT_TRUE(source.next(kPatience));
  // What the system's buffers take is sent; then nothing more.
  std::size_t sent = 0;
  while (server.sent_bytes() != std::exchange(sent, server.sent_bytes())) std::this_thread::sleep_for(300ms);
  EXPECT_LT(sent, body.size() / 2);
  int number = 0;
  for (auto event = source.next(kPatience); event; event = source.next(kPatience)) {
    ASSERT_TRUE(event->data.starts_with(std::to_string(++number) + ".")) << event->data.substr(0, 10);
  }
  EXPECT_EQ(number, kEvents - 1);
}

boost::asio::awaitable<std::string> read_all(EventSource& source) {
  std::string seen;
  for (;;) {
    NextEvent next = co_await source.async_next(boost::asio::use_awaitable);
    if (!next) co_return seen;
    seen += next->data + " ";
  }
}

TEST(EventSource, CoroutinesAwaitItsEventsOnTheProgramsOwnLoop) {
  const ScriptedServer server({{stream_of("data: 1\n\ndata: 2\n\n")}, {stream_of("data: 3\n\n")}, {empty_answer(204)}});
  boost::asio::io_context context;
  auto source = opened(EventSource::open({.url = server.url()}, eager(), {}, Loop(context)));
  std::string seen;
  const auto here = std::this_thread::get_id();
  boost::asio::co_spawn(context, read_all(source), [&](const std::exception_ptr& error, std::string all) {
    EXPECT_EQ(error, nullptr);
    EXPECT_EQ(std::this_thread::get_id(), here);
    seen = std::move(all);
  });
  context.run();
  EXPECT_EQ(seen, "1 2 3 ");
}

TEST(EventSource, FuturesAreFilledByTheThreadOfItsOwn) {
  const ScriptedServer server({{stream_of("data: 1\n\n"), Then::kHold}});
  auto source = opened(EventSource::open({.url = server.url()}, {}, {}, Loop()));
  auto event = source.async_next(boost::asio::use_future);
  ASSERT_EQ(event.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(data_of(event.get()), "1");
  auto none = source.async_next(boost::asio::use_future);
  source.close();
  ASSERT_EQ(none.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(data_of(none.get()), "closed");
}

}  // namespace
}  // namespace fanfare::client
