// A whole server over real sockets: who may subscribe and publish, and what they get.
#include "fanfare/server/server.h"

#include <gtest/gtest.h>

#include <ctime>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

const std::string kToken = token_for({"*"}, {});

std::string bearer(std::string_view token) {
  return "Authorization: Bearer " + std::string(token) + "\r\n";
}

std::string event(std::string_view id, std::string_view data) {
  return "id: " + std::string(id) + "\ndata: " + std::string(data) + "\n\n";
}

class ServerTest : public testing::Test {
 protected:
  TestAnswer publish(std::string_view form) { return ask(server_.port(), post(form, kToken)); }
  std::uint16_t port() const { return server_.port(); }

  ServerUnderTest server_;
};

TEST_F(ServerTest, APublishedUpdateReachesItsSubscriberAndItsIdThePublisher) {
  Subscriber subscriber(port(), "topic=a");
  const auto answer = publish("topic=a&data=Hello%0Aworld&type=greeting&retry=1500");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Content-Type: text/plain; charset=utf-8"));
  EXPECT_TRUE(answer.body.starts_with("urn:uuid:")) << answer.body;
  const std::string news = subscriber.read_event();
  EXPECT_NE(news.find("event: greeting\n"), news.npos) << news;
  EXPECT_NE(news.find("retry: 1500\n"), news.npos) << news;
  EXPECT_NE(news.find("id: " + answer.body + "\n"), news.npos) << news;
  EXPECT_NE(news.find("data: Hello\ndata: world\n\n"), news.npos) << news;
}

TEST_F(ServerTest, AStreamTellsProxiesAndCachesToLeaveItAlone) {
  Subscriber subscriber(port(), "topic=a");
  EXPECT_TRUE(subscriber.answer.has("Content-Type: text/event-stream"));
  EXPECT_TRUE(subscriber.answer.has("X-Accel-Buffering: no"));
  EXPECT_TRUE(subscriber.answer.has("Transfer-Encoding: chunked"));
  EXPECT_NE(subscriber.answer.head.find("Cache-Control: private, no-cache, no-store"), std::string::npos);
  EXPECT_EQ(subscriber.answer.head.find("Last-Event-ID"), std::string::npos);
}

std::string query_request(std::string_view target_query, std::string_view form, std::string_view headers = {}) {
  std::string text = "QUERY /.well-known/mercure";
  text.append(target_query).append(" HTTP/1.1\r\nHost: a\r\n").append(headers);
  text.append("Content-Length: ").append(std::to_string(form.size())).append("\r\n\r\n").append(form);
  return text;
}

const std::string kForm = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";

TEST(ServerQuery, WhatIsAnnouncedIsNoMoreThanAHeadCouldHold) {
  std::string form = "topic=a";
  for (int i = 0; i < 20; ++i) form += "&topic=" + std::string(999, 'x');
  const std::string request = query_request("", form, kForm);
  const auto limit = [](bool tells) {
    return [tells](ServerOptions& options) {
      options.subscriptions = tells;
      options.limits.request_head_bytes_max = 19'980;
    };
  };
  ServerUnderTest telling(limit(true));
  const auto refused = ask(telling.port(), request);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("at most 19980 are allowed (request_head_bytes_max)"), refused.body.npos) << refused.body;
  EXPECT_EQ(ask(telling.port(), query_request("", form.substr(8), kForm)).status, 200);
  ServerUnderTest silent(limit(false));
  EXPECT_EQ(ask(silent.port(), request).status, 200);
}

TEST_F(ServerTest, AQueryHasItsTopicsInAForm) {
  publish("topic=a&data=1&id=1");
  publish("topic=b&data=2&id=2");
  Client client(port());
  client.send(query_request("?topic=a&lastEventID=1", "topic=b&topic=c%2B&lastEventID=earliest", kForm));
  const auto answer = client.read_answer();
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(answer.has("Last-Event-ID: 1")) << "what is in the URL counts first";
  publish("topic=c%2B&data=3&id=3");
  publish("topic=a&data=4&id=4");
  EXPECT_NE(client.read_through("data: 4\n\n").find(event("2", "2")), std::string::npos);
}

TEST_F(ServerTest, AQueryMayHaveMoreTopicsThanAUrlCanHold) {
  std::string form;
  for (int i = 0; i < 100; ++i) form += "topic=" + std::string(4'000, 'x') + std::to_string(i) + "&";
  Client client(port());
  client.send(query_request("", form, kForm));
  ASSERT_EQ(client.read_answer().status, 200);
  publish("topic=" + std::string(4'000, 'x') + "99&data=there");
  client.read_through("data: there\n\n");
}

TEST_F(ServerTest, AQueryThatIsNoFormIsRefusedWithWhatItTakes) {
  const auto json = ask(port(), query_request("?topic=a", "{}", "Content-Type: application/json\r\n"));
  EXPECT_EQ(json.status, 415);
  EXPECT_TRUE(json.has("Accept-Query: application/x-www-form-urlencoded"));
  EXPECT_EQ(ask(port(), query_request("", "data=1", kForm)).status, 400) << "no topic";
}

TEST_F(ServerTest, TellsWhereTheHubIs) {
  const std::string link = "Link: </.well-known/mercure>; rel=\"mercure\"";
  EXPECT_TRUE(ask(port(), get("/")).has(link));
  EXPECT_TRUE(Subscriber(port(), "topic=a").answer.has(link));
}

TEST(ServerCookies, PublishOnlyFromPagesThatTheHubTrusts) {
  ServerUnderTest server([](ServerOptions& options) { options.publish_origins = {"https://good.example"}; });
  const auto publish_from = [&](std::string_view page) {
    return ask(server.port(),
               post("topic=a&id=1", "", "Cookie: mercureAuthorization=" + kToken + "\r\n" + std::string(page)));
  };
  EXPECT_EQ(publish_from("Origin: https://good.example\r\n").status, 200);
  EXPECT_EQ(publish_from("Referer: https://good.example/page?a=b\r\n").status, 200);
  EXPECT_EQ(publish_from("Referer: https://good.example\r\n").status, 200);
  for (const char* page :
       {"", "Origin: https://bad.example\r\n", "Origin: null\r\n", "Referer: https://good.example.bad/\r\n",
        "Referer: good.example\r\n", "Origin: https://bad.example\r\nReferer: https://good.example/\r\n"}) {
    const auto answer = publish_from(page);
    EXPECT_EQ(answer.status, 401) << page;
    EXPECT_NE(answer.body.find("--publish-origin"), std::string::npos) << answer.body;
  }
}

TEST(ServerCookies, AreNeverTrustedFromAnywhere) {
  MemoryLog history{Limits()};
  std::ostringstream lines;
  Log log(LogFormat::kText, LogLevel::kError, lines);
  ServerOptions options;
  options.publish_origins = {"*"};
  const auto server = Server::open(std::move(options), history, log);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("name the origins that may"), std::string::npos);
}

TEST_F(ServerTest, SelectorsAreTopicsTemplatesAndTheStar) {
  Subscriber exact(port(), "topic=a&topic=b");
  Subscriber pattern(port(), "topic=%2Fbooks%2F%7Bid%7D");
  Subscriber all(port(), "topic=*");
  publish("topic=c&data=1&id=1");
  publish("topic=b&topic=a&data=2&id=2");
  publish("topic=/books/7&data=3&id=3");
  publish("topic=/books/7/8&data=4&id=4");
  publish("topic=a&topic=/books/9&data=5&id=5");
  EXPECT_EQ(exact.read_event(), event("2", "2"));
  EXPECT_EQ(exact.read_event(), event("5", "5"));
  EXPECT_EQ(pattern.read_event(), event("3", "3"));
  EXPECT_EQ(pattern.read_event(), event("5", "5"));
  for (const char* id : {"1", "2", "3", "4", "5"}) EXPECT_EQ(all.read_event(), event(id, id));
}

TEST_F(ServerTest, PrivateUpdatesGoToThoseWhoseTokenGrantsThem) {
  Subscriber anonymous(port(), "topic=*");
  Subscriber granted(port(), "topic=*", bearer(token_for({}, {"secret"})));
  Subscriber by_query(port(), "topic=*&authorization=" + token_for({}, {"{any}"}));
  Subscriber by_cookie(port(), "topic=*", "Cookie: a=b; mercureAuthorization=" + token_for({}, {"*"}) + "\r\n");
  Subscriber other(port(), "topic=*", bearer(token_for({}, {"other"})));
  publish("topic=secret&data=1&id=1&private");
  publish("topic=secret&data=2&id=2");
  for (Subscriber* each : {&granted, &by_query, &by_cookie}) EXPECT_EQ(each->read_event(), event("1", "1"));
  for (Subscriber* each : {&anonymous, &granted, &by_query, &by_cookie, &other}) {
    EXPECT_EQ(each->read_event(), event("2", "2"));
  }
}

TEST_F(ServerTest, AReplayLeavesOutPrivateUpdatesThatTheTokenDoesNotGrant) {
  publish("topic=a&data=1&id=1&private=on");
  publish("topic=a&data=2&id=2");
  Subscriber anonymous(port(), "topic=a&lastEventID=earliest");
  EXPECT_EQ(anonymous.read_event(), event("2", "2"));
  Subscriber granted(port(), "topic=a&lastEventID=earliest", bearer(token_for({}, {"a"})));
  EXPECT_EQ(granted.read_event(), event("1", "1"));
  EXPECT_EQ(granted.read_event(), event("2", "2"));
}

TEST_F(ServerTest, ResumesAfterTheLastEventIdByHeaderAndByQuery) {
  const std::string first = publish("topic=a&data=1").body;
  publish("topic=a&data=2&id=chosen");
  publish("topic=a&data=3&id=3");
  Subscriber by_header(port(), "topic=a&lastEventID=chosen", "Last-Event-ID: " + first + "\r\n");
  EXPECT_TRUE(by_header.answer.has("Last-Event-ID: " + first));
  EXPECT_EQ(by_header.read_event(), event("chosen", "2"));
  EXPECT_EQ(by_header.read_event(), event("3", "3"));
  Subscriber by_query(port(), "topic=a&lastEventID=chosen");
  EXPECT_TRUE(by_query.answer.has("Last-Event-ID: chosen"));
  EXPECT_EQ(by_query.read_event(), event("3", "3"));
  publish("topic=a&data=4&id=4");
  EXPECT_EQ(by_header.read_event(), event("4", "4"));
  EXPECT_EQ(by_query.read_event(), event("4", "4"));
}

TEST_F(ServerTest, AnUnknownLastEventIdStartsNowAndSaysEarliest) {
  Subscriber empty_log(port(), "topic=a&lastEventID=");
  EXPECT_TRUE(empty_log.answer.has("Last-Event-ID: earliest"));
  publish("topic=a&data=1&id=1");
  Subscriber unknown(port(), "topic=a", "Last-Event-ID: never-heard-of\r\n");
  EXPECT_TRUE(unknown.answer.has("Last-Event-ID: earliest"));
  publish("topic=a&data=2&id=2");
  EXPECT_EQ(unknown.read_event(), event("2", "2"));
}

// A log that has lost something after every update.
class DamagedLog final : public EventLog {
 public:
  void append_all(std::vector<Update> updates, AppendAllDone done) override {
    held_.append_all(std::move(updates), std::move(done));
  }
  Position follow(LogFollower& follower) override { return held_.follow(follower); }
  void unfollow(LogFollower& follower) override { held_.unfollow(follower); }
  void read_after(ReadRequest request, ReadDone done) override {
    held_.read_after(std::move(request), std::move(done));
  }
  void find(std::string id, FindDone done) override { held_.find(std::move(id), damaged(std::move(done))); }
  void find_time(std::uint64_t unix_ms, FindDone done) override { held_.find_time(unix_ms, damaged(std::move(done))); }
  Position transient_after() const override { return held_.transient_after(); }
  std::string id_of(Position position) const override { return held_.id_of(position); }

 private:
  static FindDone damaged(FindDone done) {
    return [done = std::move(done)](Result<FindResult> found) mutable {
      found->status = FindStatus::kDamaged;
      done(std::move(found));
    };
  }
  MemoryLog held_{Limits{}};
};

TEST_F(ServerTest, WhoResumesBeforeDamageHearsOfItAndIsToldNothingTwice) {
  DamagedLog history;
  ServerUnderTest server({}, &history);
  ask(server.port(), post("topic=a&data=1&id=1", kToken));
  ask(server.port(), post("topic=a&data=2&id=2", kToken));
  Subscriber resumed(server.port(), "topic=a", "Last-Event-ID: 1\r\n");
  EXPECT_TRUE(resumed.answer.has("Last-Event-ID: earliest"));
  EXPECT_EQ(resumed.read_event(), event("2", "2"));
  Subscriber since(server.port(), "topic=a&since=1h");
  EXPECT_TRUE(since.answer.has("Last-Event-ID: earliest"));
  EXPECT_EQ(since.read_event(), event("1", "1"));
}

TEST_F(ServerTest, AnEmptyLastEventIdStartsNowAndSaysWhereThatIs) {
  const std::string first = publish("topic=a&data=1").body;
  EXPECT_TRUE(Subscriber(port(), "topic=a&lastEventID=").answer.has("Last-Event-ID: " + first));
}

TEST_F(ServerTest, ByConfigurationAnUnknownLastEventIdReplaysAll) {
  ServerUnderTest server([](ServerOptions& options) { options.unknown_id = UnknownId::kReplay; });
  ask(server.port(), post("topic=a&data=1&id=1", kToken));
  Subscriber unknown(server.port(), "topic=a", "Last-Event-ID: never-heard-of\r\n");
  EXPECT_TRUE(unknown.answer.has("Last-Event-ID: earliest"));
  EXPECT_EQ(unknown.read_event(), event("1", "1"));
}

TEST_F(ServerTest, SinceReplaysFromATimeOrADurationAgo) {
  publish("topic=a&data=1&id=1");
  for (const char* since : {"10m", "1970-01-01T00:00:00Z", "2001-09-09T01:46:40.5%2B02:00"}) {
    Subscriber subscriber(port(), std::string("topic=a&since=") + since);
    EXPECT_EQ(subscriber.read_event(), event("1", "1")) << since;
  }
  Subscriber future(port(), "topic=a&since=2999-01-01T00:00:00Z");
  publish("topic=a&data=2&id=2");
  EXPECT_EQ(future.read_event(), event("2", "2"));
  Subscriber resumed(port(), "topic=a&since=10m", "Last-Event-ID: 1\r\n");  // as EventSource reconnects
  EXPECT_EQ(resumed.read_event(), event("2", "2"));
  Subscriber unknown(port(), "topic=a&since=10m", "Last-Event-ID: never-heard-of\r\n");
  EXPECT_EQ(unknown.read_event(), event("1", "1"));
}

TEST_F(ServerTest, ReplayLastGivesTheNewestOfEachTopicThenAll) {
  for (const char* form :
       {"topic=p/1&data=1&id=1", "topic=p/2&data=2&id=2", "topic=p/1&data=3&id=3", "topic=q&data=4&id=4",
        "topic=p/2&topic=p/1&data=5&id=5&private=on", "topic=p/2&data=6&id=6"}) {
    publish(form);
  }
  Subscriber pattern(port(), "topic=p/{n}&replay=last");
  Subscriber exact(port(), "topic=p/1&topic=p/2&replay=last");
  publish("topic=p/1&data=7&id=7");
  publish("topic=p/1&data=8&id=8");
  for (Subscriber* each : {&pattern, &exact}) {
    for (const char* id : {"3", "6", "7", "8"}) EXPECT_EQ(each->read_event(), event(id, id));
  }
}

struct RefusedCase {
  const char* what;
  std::string request;
  int status;
};

TEST_F(ServerTest, WhatIsWrongIsRefusedWithItsStatusAndAReason) {
  const std::string expired = token_for({"*"}, {"*"}, std::time(nullptr) - 10);
  const std::string form = "topic=a&data=1";
  const RefusedCase cases[] = {
      {"no topic", subscribe("nothing=1"), 400},
      {"an empty topic", subscribe("topic="), 400},
      {"a time that is none", subscribe("topic=a&since=yesterday"), 400},
      {"a replay that is none", subscribe("topic=a&replay=first"), 400},
      {"two beginnings", subscribe("topic=a&replay=last&since=1m"), 400},
      {"a topic that is not UTF-8", subscribe("topic=%ff"), 400},
      {"a bad subscriber's token", subscribe("topic=a", bearer("x.y.z")), 401},
      {"an expired subscriber's token", subscribe("topic=a", bearer(expired)), 401},
      {"no publisher's token", post(form, ""), 401},
      {"a bad publisher's token", post(form, "x.y.z"), 401},
      {"an expired publisher's token", post(form, expired), 401},
      {"a cookie only", post(form, "", "Cookie: mercureAuthorization=" + kToken + "\r\n"), 401},
      {"another scheme", post(form, "", "Authorization: Basic YTpi\r\n"), 401},
      {"two tokens", post(form, kToken, bearer(kToken)), 401},
      {"a topic that is not granted", post(form, token_for({"b"}, {})), 403},
      {"one of two topics not granted", post("topic=b&topic=a", token_for({"b"}, {})), 403},
      {"a token that grants nothing", post(form, token_for({}, {"*"})), 403},
      {"a form without a topic", post("data=1", kToken), 400},
      {"an unknown path", get("/nothing"), 404},
      {"a path below the hub", get("/.well-known/mercure/"), 404},
      {"an unknown method", "PUT /.well-known/mercure HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"a body where none is wanted", "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 413},
      {"two gibibytes",
       "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + bearer(kToken) +
           "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2147483648\r\n\r\n",
       413},
      {"too large a head", get("/", "X: " + std::string(20'000, 'x') + "\r\n"), 431},
      {"no HTTP", "nonsense\r\n\r\n", 400},
  };
  for (const auto& [what, request, status] : cases) {
    const auto answer = ask(port(), request);
    EXPECT_EQ(answer.status, status) << what;
    EXPECT_GT(answer.body.size(), 10u) << what;
    EXPECT_EQ(answer.body.find('\n'), answer.body.size() - 1) << what;
    EXPECT_TRUE(answer.has("Content-Type: application/problem+json")) << what;
    EXPECT_EQ(answer.has("WWW-Authenticate: Bearer"), status == 401) << what;
  }
  Subscriber subscriber(port(), "topic=*&lastEventID=earliest");
  publish("topic=a&data=1&id=1");
  EXPECT_EQ(subscriber.read_event(), event("1", "1")) << "a refused update was published";
}

TEST_F(ServerTest, OtherContentTypesThanAFormAreRefused) {
  const std::string head = "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + bearer(kToken);
  const auto with_type = [&](const std::string& line) {
    return ask(port(), head + line + "Content-Length: 7\r\n\r\ntopic=a").status;
  };
  EXPECT_EQ(with_type("Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"), 200);
  EXPECT_EQ(with_type("Content-Type: Application/X-WWW-Form-Urlencoded\r\n"), 200);
  EXPECT_EQ(with_type("Content-Type: application/json\r\n"), 400);
  EXPECT_EQ(with_type(""), 400);
}

TEST(ServerAccess, WithoutAnonymousSubscribersNeedAToken) {
  ServerUnderTest server([](ServerOptions& options) { options.access.anonymous = false; });
  EXPECT_EQ(ask(server.port(), subscribe("topic=a")).status, 401);
  Subscriber subscriber(server.port(), "topic=a", bearer(token_for({}, {})));
}

TEST(ServerCors, ListedOriginsMayReadEveryAnswerOfTheHubAndOthersNone) {
  ServerUnderTest server([](ServerOptions& options) { options.cors_origins = {"https://a.example"}; });
  const std::string ours = "Origin: https://a.example\r\n";
  const std::string allowed = "Access-Control-Allow-Origin: https://a.example";
  Subscriber subscriber(server.port(), "topic=a", ours);
  const TestAnswer answers[] = {
      subscriber.answer,
      ask(server.port(), post("topic=a", kToken, ours)),
      ask(server.port(), post("topic=a", "", ours)),
      ask(server.port(), post("data=a", kToken, ours)),
      ask(server.port(), subscribe("", ours)),
      ask(server.port(), "DELETE /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + ours + "\r\n"),
      ask(server.port(), "OPTIONS /.well-known/mercure HTTP/1.1\r\nHost: a\r\n" + ours + "\r\n"),
  };
  const int statuses[] = {200, 200, 401, 400, 400, 405, 204};
  for (std::size_t i = 0; i < std::size(answers); ++i) {
    EXPECT_EQ(answers[i].status, statuses[i]);
    EXPECT_TRUE(answers[i].has(allowed)) << answers[i].head;
    EXPECT_TRUE(answers[i].has("Access-Control-Allow-Credentials: true")) << answers[i].head;
    EXPECT_TRUE(answers[i].has("Vary: Origin")) << answers[i].head;
    EXPECT_EQ(answers[i].head.find("Allow-Origin"), answers[i].head.rfind("Allow-Origin")) << answers[i].head;
  }
  EXPECT_NE(answers[6].head.find("Access-Control-Allow-Headers: Authorization"), std::string::npos);
  EXPECT_TRUE(answers[5].has("Allow: OPTIONS, HEAD, GET, QUERY, POST")) << answers[5].head;
  const auto other = ask(server.port(), post("topic=a", kToken, "Origin: https://b.example\r\n"));
  EXPECT_EQ(other.head.find("Access-Control"), std::string::npos);
  EXPECT_TRUE(other.has("Vary: Origin"));
}

TEST(ServerOpen, SaysWhatIsWrongWithItsOptions) {
  const Limits limits;
  MemoryLog history(limits);
  std::ostringstream text;
  Log log(LogFormat::kText, LogLevel::kDebug, text);
  ServerUnderTest running;
  const auto failure = [&](const ServerUnderTest::Change& change) {
    ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    change(options);
    auto opened = Server::open(std::move(options), history, log);
    return opened ? std::string() : opened.error().message;
  };
  EXPECT_EQ(failure([](auto&) {}), "");
  EXPECT_NE(failure([](auto& options) { options.listen = {"127.0.0.1"}; }), "");
  EXPECT_NE(failure([](auto& options) { options.listen = {"192.0.2.1:80"}; }), "");
  EXPECT_NE(failure([](auto& options) { options.cors_origins = {"nothing"}; }), "");
  EXPECT_NE(failure([](auto& options) { options.limits.budget_bytes = 1; }), "");
  EXPECT_NE(failure([](auto& options) { options.listen = {"0.0.0.0:0"}, options.development = true; }), "");
  EXPECT_NE(failure([&](auto& options) { options.listen = {running.server().addresses().front()}; }), "");
}

}  // namespace
}  // namespace fanfare
