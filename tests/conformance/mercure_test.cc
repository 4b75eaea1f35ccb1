// The Mercure protocol as deployed (generation 0.x), from outside: named cases against the real server, each with the
// rule that it checks: draft-dunglas-mercure-07, and what deployed hubs and clients do where it is silent.
// What it is not: a test of how the server does it. FANFARE_PROGRAM is the server that was built.
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "testing/live/server_process.h"

namespace fanfare::conformance {
namespace {

using live::Answer;
using live::ServerProcess;
using live::ServerProcessOptions;
using live::Subscriber;

constexpr std::string_view kHub = "/.well-known/mercure";

std::string token_for(std::vector<std::string> publish, std::vector<std::string> subscribe,
                      std::optional<std::int64_t> expires_at_s = {}) {
  return ServerProcess::token_with({std::move(publish), std::move(subscribe), expires_at_s});
}

std::string request(std::string_view method, std::string_view query, const std::vector<std::string>& headers,
                    std::string_view body = {}) {
  std::string text =
      std::string(method) + " " + std::string(kHub) + std::string(query) + " HTTP/1.1\r\nHost: hub.example\r\n";
  for (const auto& header : headers) text += header + "\r\n";
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

const std::string kForm = "Content-Type: application/x-www-form-urlencoded";
const std::string kAll = "Authorization: Bearer " + token_for({"*"}, {"*"});

std::string post(std::string_view form, std::string authorization = kAll) {
  return request("POST", "", {std::move(authorization), kForm}, form);
}

// The servers of all cases: one that anybody may subscribe to, and one that takes tokens.
class Hubs : public testing::Environment {
 public:
  void SetUp() override {
    const std::vector<std::string> origins = {"--cors-origin", "https://app.example", "--publish-origin",
                                              "https://app.example", "--subscriptions"};
    open = std::make_unique<ServerProcess>(ServerProcessOptions{.arguments = origins});
    closed = std::make_unique<ServerProcess>(ServerProcessOptions{.arguments = origins, .anonymous = false});
  }
  void TearDown() override {
    open.reset();
    closed.reset();
  }

  static inline std::unique_ptr<ServerProcess> open;
  static inline std::unique_ptr<ServerProcess> closed;
};
const auto* const kHubs = testing::AddGlobalTestEnvironment(new Hubs);

// --- One request, one answer -----------------------------------------------------------------------------------------

enum class At { kOpen, kClosed };

struct Case {
  const char* name;
  const char* rule;
  At hub;
  std::string request;
  int status;
  std::vector<std::string> headers = {};  // fields that the answer has, as "Name: value"
  std::string body = {};                  // a part of the answer's body
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name << ": " << one.rule;
}

std::vector<Case> subscribing() {
  const std::string long_topic(4'097, 'x');
  std::string many = "?";
  for (int i = 0; i < 101; ++i) many += "topic=" + std::to_string(i) + "&";
  return {
      {"ATopic",
       "07 s. 5.1: GET with topic opens a stream",
       At::kOpen,
       request("GET", "?topic=a", {}),
       200,
       {"Content-Type: text/event-stream", "X-Accel-Buffering: no"}},
      {"NoTopic", "topic is required", At::kOpen, request("GET", "", {}), 400, {}, "topic"},
      {"AnEmptyTopic", "a selector is not empty", At::kOpen, request("GET", "?topic=", {}), 400},
      {"ATopicThatIsTooLong",
       "limits have status codes",
       At::kOpen,
       request("GET", "?topic=" + long_topic, {}),
       400,
       {},
       "4096"},
      {"TooManyTopics", "limits have status codes", At::kOpen, request("GET", many, {}), 400, {}, "100"},
      {"ATopicThatIsNotUtf8", "topics are UTF-8", At::kOpen, request("GET", "?topic=%ff", {}), 400, {}, "UTF-8"},
      {"UnknownParameters", "unknown parameters are ignored", At::kOpen, request("GET", "?topic=a&foo=bar", {}), 200},
      {"Head",
       "HEAD answers as GET",
       At::kOpen,
       request("HEAD", "?topic=a", {}),
       200,
       {"Content-Type: text/event-stream"}},
      {"Query", "QUERY takes a form", At::kOpen, request("QUERY", "", {kForm}, "topic=a"), 200},
      {"QueryOfAnotherType", "QUERY takes a form", At::kOpen,
       request("QUERY", "", {"Content-Type: application/json"}, "{}"), 415},
      {"Discovery",
       "07 s. 3: Link with rel=mercure",
       At::kOpen,
       request("GET", "?topic=a", {}),
       200,
       {"Link: </.well-known/mercure>; rel=\"mercure\""}},
      {"AnotherMethod",
       "405 names what is allowed",
       At::kOpen,
       request("DELETE", "?topic=a", {}),
       405,
       {"Allow: OPTIONS, HEAD, GET, QUERY, POST"}},
      {"AnUnknownLastEventId",
       "07 s. 7: earliest tells that the id is unknown",
       At::kOpen,
       request("GET", "?topic=a", {"Last-Event-ID: urn:uuid:unknown"}),
       200,
       {"Last-Event-ID: earliest"}},
      {"TheLastEventIdQuery",
       "07 s. 7: lastEventID",
       At::kOpen,
       request("GET", "?topic=a&lastEventID=unknown", {}),
       200,
       {"Last-Event-ID: earliest"}},
      {"TheOlderLastEventIdQuery",
       "clients before 0.14 send Last-Event-ID",
       At::kOpen,
       request("GET", "?topic=a&Last-Event-ID=unknown", {}),
       200,
       {"Last-Event-ID: earliest"}},
  };
}

std::vector<Case> subscribing_with_tokens() {
  const std::string bearer_none = "Authorization: Bearer " + token_for({"*"}, {});
  const std::string expired = "Authorization: Bearer " + token_for({}, {"*"}, std::time(nullptr) - 60);
  return {
      {"WithoutATokenWhereOneIsNeeded",
       "07 s. 6: 401",
       At::kClosed,
       request("GET", "?topic=a", {}),
       401,
       {"WWW-Authenticate: Bearer"}},
      {"WithATokenThatGrantsNothing", "a valid token may subscribe to public updates", At::kClosed,
       request("GET", "?topic=a", {bearer_none}), 200},
      {"WithAnExpiredToken", "07 s. 6: exp", At::kClosed, request("GET", "?topic=a", {expired}), 401, {}, "expired"},
      {"WithABadTokenAlsoWhereNoneIsNeeded", "no silent downgrade to anonymous", At::kOpen,
       request("GET", "?topic=a", {"Authorization: Bearer no.token.this"}), 401},
      {"WithTwoAuthorizationHeaders", "a header that is repeated is refused", At::kClosed,
       request("GET", "?topic=a", {kAll, kAll}), 401},
      {"WithBasicAuthorization", "Bearer is the only scheme", At::kClosed,
       request("GET", "?topic=a", {"Authorization: Basic YTpi"}), 401},
      {"WithALowerCaseScheme", "schemes have no case (RFC 9110 s. 11.1)", At::kClosed,
       request("GET", "?topic=a", {"Authorization: bearer " + token_for({}, {"*"})}), 200},
      {"WithATokenInTheQuery", "07 s. 6: the query parameter authorization", At::kClosed,
       request("GET", "?topic=a&authorization=" + token_for({}, {"*"}), {}), 200},
      {"WithATokenInTheCookie", "07 s. 6: the cookie mercureAuthorization", At::kClosed,
       request("GET", "?topic=a", {"Cookie: a=b; mercureAuthorization=" + token_for({}, {"*"})}), 200},
      {"TheHeaderBeforeTheCookie", "07 s. 6: the header wins", At::kClosed,
       request("GET", "?topic=a",
               {"Authorization: Bearer no.token.this", "Cookie: mercureAuthorization=" + token_for({}, {"*"})}),
       401},
  };
}

std::vector<Case> publishing() {
  const std::string one_topic = "Authorization: Bearer " + token_for({"https://example.com/books/{id}"}, {});
  const std::string nothing = "Authorization: Bearer " + token_for({}, {"*"});
  return {
      {"AnUpdate",
       "07 s. 5: 200 and the id",
       At::kOpen,
       post("topic=p&data=1&id=urn:mine"),
       200,
       {"Content-Type: text/plain; charset=utf-8"},
       "urn:mine"},
      {"WithoutAnId", "the hub makes one", At::kOpen, post("topic=p&data=1"), 200, {}, "urn:uuid:"},
      {"WithoutData", "data is optional", At::kOpen, post("topic=p"), 200},
      {"WithoutATopic", "topic is required", At::kOpen, post("data=1"), 400, {}, "topic"},
      {"UnknownFields", "unknown fields are ignored", At::kOpen, post("topic=p&foo=bar"), 200},
      {"AnIdWithAHash", "07 s. 5: an id does not begin with #", At::kOpen, post("topic=p&id=%2342"), 400, {}, "#"},
      {"AnIdWithALineBreak", "an id is one line", At::kOpen, post("topic=p&id=a%0Ab"), 400},
      {"AnIdWithNul", "an id has no NUL", At::kOpen, post("topic=p&id=a%00b"), 400},
      {"ATypeWithALineBreak", "a type is one line", At::kOpen, post("topic=p&type=a%0Db"), 400},
      {"ARetryThatIsNoNumber", "retry is ASCII digits", At::kOpen, post("topic=p&retry=invalid"), 400, {}, "retry"},
      {"ATopicThatIsNotUtf8", "topics are UTF-8", At::kOpen, post("topic=%ff"), 400},
      {"AnotherContentType", "07 s. 5: a form", At::kOpen,
       request("POST", "", {kAll, "Content-Type: text/plain; boundary="}, "topic=p"), 400},
      {"AFormWithACharset", "media types have parameters", At::kOpen,
       request("POST", "", {kAll, "Content-Type: application/x-www-form-urlencoded; charset=utf-8"}, "topic=p"), 200},
      {"WithoutAToken",
       "07 s. 6: 401",
       At::kOpen,
       request("POST", "", {kForm}, "topic=p"),
       401,
       {"WWW-Authenticate: Bearer"}},
      {"WithABadToken", "07 s. 6: 401", At::kOpen, post("topic=p", "Authorization: Bearer no.token.this"), 401},
      {"WithoutAGrant", "07 s. 6: 403 where a grant is missing", At::kOpen, post("topic=p", nothing), 403},
      {"WithAGrantForAnotherTopic", "07 s. 6: 403 where a grant is missing", At::kOpen, post("topic=p", one_topic),
       403},
      {"WithAGrantByTemplate", "grants are selectors", At::kOpen,
       post("topic=https%3A%2F%2Fexample.com%2Fbooks%2F1", one_topic), 200},
      {"WithAGrantForOneOfItsTopics", "every topic must be granted", At::kOpen,
       post("topic=https%3A%2F%2Fexample.com%2Fbooks%2F1&topic=p", one_topic), 403},
      {"WithACookieFromNowhere", "a cookie alone publishes nothing (CSRF)", At::kOpen,
       request("POST", "", {"Cookie: mercureAuthorization=" + token_for({"*"}, {}), kForm}, "topic=p"), 401},
      {"WithACookieFromAnotherSite", "a cookie publishes from trusted pages only", At::kOpen,
       request("POST", "",
               {"Cookie: mercureAuthorization=" + token_for({"*"}, {}), kForm, "Origin: https://evil.example"},
               "topic=p"),
       401},
      {"WithACookieFromATrustedPage", "a cookie publishes from trusted pages only", At::kOpen,
       request("POST", "",
               {"Cookie: mercureAuthorization=" + token_for({"*"}, {}), kForm, "Origin: https://app.example"},
               "topic=p"),
       200},
      {"WithACookieByItsReferer", "Referer counts without Origin", At::kOpen,
       request("POST", "",
               {"Cookie: mercureAuthorization=" + token_for({"*"}, {}), kForm, "Referer: https://app.example/a?b"},
               "topic=p"),
       200},
      {"AsSymfonyDoes",
       "symfony/mercure with its HttpClient",
       At::kOpen,
       request(
           "POST", "", {kAll, kForm, "Accept: */*", "User-Agent: Symfony HttpClient (Curl)", "Accept-Encoding: gzip"},
           "topic=https%3A%2F%2Fexample.com%2Fbooks%2F1&topic=https%3A%2F%2Fexample.com%2Fbooks&data=%7B%22status%22%3A"
           "%22OutOfStock%22%7D&private=on&id=urn%3Auuid%3Ab6ee32d1-9a53-4eb8-9d3c-0e0e2f9f9b0e&type=book&retry=1500"),
       200,
       {},
       "urn:uuid:b6ee32d1-9a53-4eb8-9d3c-0e0e2f9f9b0e"},
  };
}

std::string get(std::string_view below, std::string authorization) {
  return request("GET", below, {std::move(authorization)});
}

std::vector<Case> subscriptions() {
  const std::string of_a = "Authorization: Bearer " + token_for({}, {"/.well-known/mercure/subscriptions/a"});
  const std::string all =
      "Authorization: Bearer " + token_for({}, {"/.well-known/mercure/subscriptions{/topic}{/subscriber}"});
  const std::string escaped = "/subscriptions/https%3A%2F%2Fexample.com%2F%7Bid%7D%2B%20x";
  return {
      {"TheCollection",
       "07 s. 8: JSON-LD",
       At::kOpen,
       get("/subscriptions", all),
       200,
       {"Content-Type: application/ld+json", "Cache-Control: private, no-cache"},
       R"("@context":"https://mercure.rocks/","id":"/.well-known/mercure/subscriptions","type":"Subscriptions")"},
      {"TheCollectionOfATopic",
       "07 s. 8: by topic",
       At::kOpen,
       get("/subscriptions/a", of_a),
       200,
       {},
       R"("subscriptions":[])"},
      {"ATopicWithReservedCharacters",
       "each variable is percent-encoded once",
       At::kClosed,
       get(escaped, all),
       200,
       {},
       "\"/.well-known/mercure" + escaped + "\""},
      {"WithoutAToken",
       "07 s. 8: the request is authorised",
       At::kOpen,
       request("GET", "/subscriptions", {}),
       401,
       {"WWW-Authenticate: Bearer"},
       "/.well-known/mercure/subscriptions"},
      {"WithoutAGrantForThePath", "a grant for it is missing: 403", At::kOpen, get("/subscriptions", of_a), 403},
      {"WithAGrantAndAQuery", "authorised by the path alone", At::kOpen, get("/subscriptions/a?x=y", of_a), 200},
      {"AnAbsentSubscription", "404", At::kOpen, get("/subscriptions/a/urn%3Auuid%3Aabsent", kAll), 404},
      {"AnEmptyTopic", "no such path", At::kOpen, get("/subscriptions//x", kAll), 404},
      {"HeadOfTheCollection", "HEAD answers as GET", At::kOpen, request("HEAD", "/subscriptions", {kAll}), 200},
      {"PublishingThere",
       "only the hub does",
       At::kOpen,
       request("POST", "/subscriptions", {kAll, kForm}, "topic=a"),
       405,
       {"Allow: OPTIONS, HEAD, GET"}},
      {"APreflightForIt",
       "Fetch: CORS preflight",
       At::kOpen,
       request("OPTIONS", "/subscriptions/a", {"Origin: https://app.example", "Access-Control-Request-Method: GET"}),
       204,
       {"Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Methods: GET, HEAD"}},
  };
}

std::vector<Case> cors() {
  const std::string ours = "Origin: https://app.example";
  const std::string allow = "Access-Control-Allow-Origin: https://app.example";
  const std::string credentials = "Access-Control-Allow-Credentials: true";
  const std::string exposed = "Access-Control-Expose-Headers: ETag, Last-Event-ID, Link";
  return {
      {"AListedOriginReadsAStream",
       "Fetch: CORS with credentials",
       At::kOpen,
       request("GET", "?topic=a", {ours}),
       200,
       {allow, credentials, exposed, "Vary: Origin"}},
      {"AListedOriginReadsARefusal",
       "why it was refused is readable",
       At::kClosed,
       request("GET", "?topic=a", {ours}),
       401,
       {allow, credentials}},
      {"APreflight",
       "Fetch: CORS preflight",
       At::kOpen,
       request("OPTIONS", "",
               {ours, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"}),
       204,
       {allow, credentials, "Access-Control-Allow-Methods: GET, HEAD, QUERY, POST",
        "Access-Control-Allow-Headers: Authorization, Cache-Control, Content-Type, If-None-Match, Last-Event-ID"}},
  };
}

class Mercure : public testing::TestWithParam<Case> {};

TEST_P(Mercure, AnswersAsTheRuleSays) {
  const Case& one = GetParam();
  const ServerProcess& hub = one.hub == At::kOpen ? *Hubs::open : *Hubs::closed;
  const Answer answer = live::request(hub.port(), one.request);
  SCOPED_TRACE(one.rule);
  EXPECT_EQ(answer.status, one.status) << answer.body;
  for (const auto& field : one.headers) {
    const auto colon = field.find(": ");
    EXPECT_EQ(answer.header(field.substr(0, colon)), field.substr(colon + 2)) << answer.head;
  }
  EXPECT_NE(answer.body.find(one.body), std::string::npos) << answer.body;
  if (one.status >= 400 && !one.request.starts_with("HEAD")) {
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_NE(answer.body.find("\"detail\":\""), std::string::npos) << answer.body;
  }
}

const auto kName = [](const auto& tested) { return std::string(tested.param.name); };
INSTANTIATE_TEST_SUITE_P(Subscribing, Mercure, testing::ValuesIn(subscribing()), kName);
INSTANTIATE_TEST_SUITE_P(Tokens, Mercure, testing::ValuesIn(subscribing_with_tokens()), kName);
INSTANTIATE_TEST_SUITE_P(Publishing, Mercure, testing::ValuesIn(publishing()), kName);
INSTANTIATE_TEST_SUITE_P(Subscriptions, Mercure, testing::ValuesIn(subscriptions()), kName);
INSTANTIATE_TEST_SUITE_P(Cors, Mercure, testing::ValuesIn(cors()), kName);

// An origin that is not listed is never reflected, and no credentials go with it.
TEST(MercureCors, AnswersOtherOriginsWithoutCorsFields) {
  const auto answer = live::request(Hubs::open->port(), request("GET", "?topic=a", {"Origin: https://evil.example"}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.head.find("Access-Control-"), std::string::npos) << answer.head;
}

// --- Streams ---------------------------------------------------------------------------------------------------------

// A hub for each test: replays see nothing of other cases.
class MercureStream : public testing::Test {
 protected:
  std::string publish(std::string_view form) { return live::request(hub_.port(), post(form)).body; }
  Answer subscribe(live::Connection& connection, std::string_view query, const std::vector<std::string>& headers = {}) {
    connection.send(request("GET", query, headers));
    return live::read_answer(connection);
  }
  // What the stream brings up to and with this text.
  std::string through(live::Connection& connection, std::string_view text) {
    EXPECT_TRUE(connection.receive_until(text)) << connection.received();
    return connection.received();
  }

  const ServerProcess hub_;
};

TEST_F(MercureStream, EventsHaveTheirFields) {
  live::Connection reader(hub_.port());
  subscribe(reader, "?topic=a");
  publish("topic=a&id=1&type=greeting&retry=1500&data=one%0D%0Atwo%0Dthree%0Afour");
  const std::string news = through(reader, "data: four\n\n");
  for (const char* field : {"event: greeting\n", "retry: 1500\n", "id: 1\n", "data: one\ndata: two\ndata: three\n"}) {
    EXPECT_NE(news.find(field), news.npos) << field << " in " << news;
  }
}

TEST_F(MercureStream, SelectorsAreExactTopicsTemplatesAndTheStar) {
  struct Row {
    const char* selector;  // percent-encoded
    const char* gets;      // of the updates 1 … 6
  };
  constexpr Row kRows[] = {
      {"https%3A%2F%2Fexample.com%2Fbooks%2F1", "1"},
      {"https%3A%2F%2Fexample.com%2Fbooks%2F%7Bid%7D", "12"},
      {"%2A", "123456"},
      {"HTTPS%3A%2F%2Fexample.com%2Fbooks%2F1", ""},                     // exact is byte for byte
      {"%7Binvalid", "4"},                                               // no template: only itself
      {"https%3A%2F%2Fexample.com%2F%7B%2Bpath%7D%2Fend", "6"},          // level 2: + takes slashes
      {"https%3A%2F%2Fexample.com%2Fbooks%2F1&topic=%7Binvalid", "14"},  // any of several
  };
  std::vector<std::unique_ptr<live::Connection>> readers;
  for (const auto& row : kRows) {
    readers.push_back(std::make_unique<live::Connection>(hub_.port()));
    ASSERT_EQ(subscribe(*readers.back(), std::string("?topic=end&topic=") + row.selector).status, 200);
  }
  const char* topics[] = {"https://example.com/books/1",   "https://example.com/books/2",
                          "https://example.com/books/1/2", "{invalid",
                          "a topic with spaces",           "https://example.com/a/b/end"};
  for (int i = 0; i < 6; ++i) {
    live::Publisher publisher(hub_.port(), hub_.token());
    ASSERT_EQ(publisher.publish(topics[i], std::to_string(i + 1)).status, 200);
  }
  publish("topic=end&data=end");
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const std::string news = through(*readers[i], "data: end\n\n");
    for (char update = '1'; update <= '6'; ++update) {
      const bool comes = news.find(std::string("data: ") + update + "\n\n") != news.npos;
      EXPECT_EQ(comes, std::string_view(kRows[i].gets).contains(update))
          << kRows[i].selector << " and update " << update;
    }
  }
}

TEST_F(MercureStream, AnUpdateWithSeveralTopicsComesOnce) {
  live::Connection reader(hub_.port());
  subscribe(reader, "?topic=a&topic=b&topic=%2A");
  publish("topic=a&topic=b&data=twice");
  publish("topic=a&data=end");
  const std::string news = through(reader, "data: end\n\n");
  EXPECT_EQ(news.find("data: twice"), news.rfind("data: twice"));
}

TEST_F(MercureStream, PrivateUpdatesComeOnlyToThoseWhomTheirTokenGrantsOneOfTheTopics) {
  struct Row {
    std::vector<std::string> grants;
    const char* gets;
  };
  const Row rows[] = {{{}, "0"}, {{"a"}, "01"}, {{"b"}, "02"}, {{"{any}"}, "012"}, {{"*"}, "012"}, {{"c", "b"}, "02"}};
  publish("topic=a&data=0");
  publish("topic=a&private=on&data=1");
  publish("topic=c2&topic=b&private=&data=2");  // alternate topics count, and the value of `private` does not
  publish("topic=end&data=end");
  for (const char* start : {"", "&lastEventID=earliest"}) {
    std::vector<std::unique_ptr<live::Connection>> readers;
    for (const auto& row : rows) {
      readers.push_back(std::make_unique<live::Connection>(hub_.port()));
      const auto answer = subscribe(*readers.back(), std::string("?topic=%2A") + start,
                                    {"Authorization: Bearer " + token_for({}, row.grants)});
      ASSERT_EQ(answer.status, 200);
    }
    if (*start == '\0') {
      publish("topic=a&data=0");
      publish("topic=a&private=on&data=1");
      publish("topic=c2&topic=b&private=&data=2");
      publish("topic=end&data=end");
    }
    for (std::size_t i = 0; i < std::size(rows); ++i) {
      const std::string news = through(*readers[i], "data: end\n\n");
      for (char update = '0'; update <= '2'; ++update) {
        const bool comes = news.find(std::string("data: ") + update + "\n\n") != news.npos;
        EXPECT_EQ(comes, std::string_view(rows[i].gets).contains(update))
            << "grants " << i << ", update " << update << start;
      }
    }
  }
}

TEST_F(MercureStream, AReplayBeginsAfterTheIdAndGoesOnLiveInOrder) {
  for (int i = 1; i <= 10; ++i) publish("topic=a&id=e" + std::to_string(i) + "&data=" + std::to_string(i));
  for (const std::string& query : {std::string("?topic=a&lastEventID=e8"), std::string("?topic=a&Last-Event-ID=e8")}) {
    live::Connection reader(hub_.port());
    EXPECT_EQ(subscribe(reader, query).header("Last-Event-ID"), "e8");
    const std::string news = through(reader, "data: 10\n\n");
    EXPECT_EQ(news.find("data: 8\n"), news.npos);
    EXPECT_LT(news.find("data: 9\n"), news.find("data: 10\n"));
  }
  live::Connection header_wins(hub_.port());
  EXPECT_EQ(subscribe(header_wins, "?topic=a&lastEventID=e1", {"Last-Event-ID: e9"}).header("Last-Event-ID"), "e9");
  publish("topic=a&data=11");
  const std::string news = through(header_wins, "data: 11\n\n");
  EXPECT_EQ(news.find("data: 9\n"), news.npos);
  EXPECT_LT(news.find("data: 10\n"), news.find("data: 11\n"));
}

TEST_F(MercureStream, OfIdsThatAreTheSameTheEarliestCounts) {
  publish("topic=a&id=same&data=1");
  publish("topic=a&id=same&data=2");
  publish("topic=a&id=same&data=3");
  live::Connection reader(hub_.port());
  EXPECT_EQ(subscribe(reader, "?topic=a&lastEventID=same").header("Last-Event-ID"), "same");
  const std::string news = through(reader, "data: 3\n\n");
  EXPECT_NE(news.find("data: 2\n"), news.npos);
  EXPECT_EQ(news.find("data: 1\n"), news.npos);
}

TEST_F(MercureStream, TheEarliestIsEverythingHeldAndAnUnknownIdIsOnlyWhatComes) {
  publish("topic=a&data=old");
  live::Connection earliest(hub_.port());
  EXPECT_EQ(subscribe(earliest, "?topic=a&lastEventID=earliest").header("Last-Event-ID"), "earliest");
  through(earliest, "data: old\n\n");
  live::Connection unknown(hub_.port());
  EXPECT_EQ(subscribe(unknown, "?topic=a", {"Last-Event-ID: nobody-knows"}).header("Last-Event-ID"), "earliest");
  publish("topic=a&data=new");
  EXPECT_EQ(through(unknown, "data: new\n\n").find("data: old"), std::string::npos);
}

TEST_F(MercureStream, AnEmptyLastEventIdIsAnsweredWithTheNewest) {
  const std::string newest = publish("topic=a&data=old");
  live::Connection reader(hub_.port());
  EXPECT_EQ(subscribe(reader, "?topic=a", {"Last-Event-ID: "}).header("Last-Event-ID"), newest);
}

TEST_F(MercureStream, EndsWhenItsTokenExpires) {
  const auto expires_at_s = std::time(nullptr) + 2;
  live::Connection reader(hub_.port());
  ASSERT_EQ(subscribe(reader, "?topic=a", {"Authorization: Bearer " + token_for({}, {"*"}, expires_at_s)}).status, 200);
  EXPECT_TRUE(reader.receive_until("\r\n0\r\n\r\n")) << "the response ends whole";
}

TEST_F(MercureStream, HeadTakesNoPlaceAndIsRefusedAsGetIs) {
  live::Connection bad(hub_.port());
  bad.send(request("HEAD", "", {}));
  EXPECT_TRUE(bad.receive_until("\r\n\r\n"));
  EXPECT_TRUE(bad.received().starts_with("HTTP/1.1 400 ")) << bad.received();
  live::Connection reader(hub_.port());
  reader.send(request("HEAD", "?topic=a", {}));
  EXPECT_EQ(live::read_answer(reader).status, 200);
  EXPECT_EQ(hub_.metric("fanfare_subscribers"), 0);
}

}  // namespace
}  // namespace fanfare::conformance
