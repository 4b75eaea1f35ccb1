// The Mercure protocol as deployed (generation 0.x), from outside: named cases against the real server, each with the
// rule that it checks: draft-dunglas-mercure-07, and what deployed hubs and clients do where it is silent.
// What it is not: a test of how the server does it. FANFARE_PROGRAM is the server that was built.
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "tests/conformance/mercure.h"

namespace fanfare::conformance {
namespace {

const auto* const kHubs = testing::AddGlobalTestEnvironment(new Hubs);

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
      {"PrivatelyWithoutAGrant", "07 s. 6: 403 where a grant is missing", At::kOpen,
       post("topic=p&private=on", nothing), 403},
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

std::vector<Case> publishing_what_is_the_hubs() {
  const auto reserved = [](const char* name, const std::string& topic) {
    return Case{
        name,           "07 s. 8: only the hub publishes there", At::kOpen, post("topic=" + topic + "&data=1"), 400, {},
        "the hub's own"};
  };
  const auto free = [](const char* name, const std::string& topic) {
    return Case{name, "only the hub's path and what is below it are its own", At::kOpen,
                post("topic=" + topic + "&data=1"), 200};
  };
  return {
      reserved("ItsPath", "%2F.well-known%2Fmercure"),
      reserved("BelowItsPath", "%2F.well-known%2Fmercure%2Fsubscriptions%2Fa%2Fb"),
      reserved("OnAnyHost", "https%3A%2F%2Fother.example%2F.well-known%2Fmercure%2Fsubscriptions%2Fa"),
      reserved("RelativeToIt", "mercure%2Fsubscriptions%2Ffoo"),
      reserved("PercentEncoded", "%256Dercure"),
      reserved("PercentEncodedInLowerCase", "%256dercure"),
      reserved("PercentEncodedWithin", "me%2572cure"),
      reserved("WithBackslashes", "%5C.well-known%5Cmercure"),
      {"AsAlternateTopic", "no topic of an update is the hub's", At::kOpen, post("topic=a&topic=mercure%2Fx"), 400},
      {"EmptyTopic", "a topic is not empty", At::kOpen, post("topic=&data=1"), 400},
      free("WithALongerName", "mercureXXX"),
      free("WithAnotherName", "mercure-dashboard"),
      free("BelowAnotherPath", "%2Ffoo%2F.well-known%2Fmercure%2Fbar"),
      free("BesideIt", "..%2Fmercure%2Fx"),
      free("Opaque", "urn%3Aexample%3Amercure"),
      free("WithSpaces", "a+topic%20with+spaces"),
      free("WithAnEncodedSlash", "%252Ewell-known%252Fmercure"),
  };
}

std::vector<Case> publishing_at_the_limits() {
  std::string topics = "data=1";
  for (int i = 0; i < 1'001; ++i) topics += "&topic=" + std::to_string(i);
  const std::string large = "topic=p&data=" + std::string(1024 * 1024 + 1, 'x');
  return {
      {"TooManyTopics", "413 for more topics than the hub takes", At::kOpen, post(topics), 413, {}, "1000"},
      {"TooLargeAnUpdate", "413 for a larger body", At::kOpen, post(large), 413, {}, "1048576"},
      {"AnEmptyRetry", "an empty retry is none", At::kOpen, post("topic=p&retry="), 200},
      {"ANegativeRetry", "retry is ASCII digits", At::kOpen, post("topic=p&retry=-1"), 400},
      {"ARetryWithAFraction", "retry is ASCII digits", At::kOpen, post("topic=p&retry=1.5"), 400},
      {"TheIdEarliest", "earliest is never an event's id", At::kOpen, post("topic=p&id=earliest"), 400, {}, "earliest"},
      {"TheTopicStar", "* selects and is no topic", At::kOpen, post("topic=%2A&data=1"), 400},
      {"ATopicWithNul", "a topic is one line of text", At::kOpen, post("topic=a%00b"), 400},
      {"ATopicWithALineBreak", "a topic is one line of text", At::kOpen, post("topic=a%0Ab"), 400},
      {"ATopicWithACarriageReturn", "a topic is one line of text", At::kOpen, post("topic=a%0Db"), 400},
      {"AnIdWithACarriageReturn", "an id is one line of text", At::kOpen, post("topic=p&id=a%0Db"), 400},
      {"ATypeWithALineFeed", "a type is one line of text", At::kOpen, post("topic=p&type=a%0Ab"), 400},
      {"AnEmptyIdIsNone",
       "an empty id is none: the hub makes one",
       At::kOpen,
       post("topic=p&id="),
       200,
       {},
       "urn:uuid:"},
      {"ATypeWithNul", "a type is one line of text", At::kOpen, post("topic=p&type=a%00b"), 400},
      {"AnIdWithDel", "an id has no control characters", At::kOpen, post("topic=p&id=a%7Fb"), 400},
      {"AnIdThatIsNotUtf8", "ids are UTF-8", At::kOpen, post("topic=p&id=%ff"), 400},
      {"DataThatIsNotUtf8", "an event stream is UTF-8", At::kOpen, post("topic=p&data=%ff"), 400},
  };
}

std::vector<Case> tokens_that_are_none() {
  // {"alg":"none"}.{"mercure":{"publish":["*"],"subscribe":["*"]}}
  const std::string none = "eyJhbGciOiJub25lIn0.eyJtZXJjdXJlIjp7InB1Ymxpc2giOlsiKiJdLCJzdWJzY3JpYmUiOlsiKiJdfX0.";
  const std::string good = token_for({"*"}, {"*"});
  const std::string cut = good.substr(0, good.rfind('.'));
  const auto with = [](const std::string& token) {
    return request("GET", "?topic=a", {"Authorization: Bearer " + token});
  };
  return {
      {"Unsigned", "alg none is never accepted", At::kClosed, with(none), 401},
      {"UnsignedToPublish", "alg none is never accepted", At::kOpen, post("topic=p", "Authorization: Bearer " + none),
       401},
      {"WithoutASignature", "a JWS has three parts", At::kClosed, with(cut), 401},
      {"WithAnEmptySignature", "a signature is verified", At::kClosed, with(cut + "."), 401},
      {"TooShort", "a token is a JWS", At::kClosed, with("x"), 401},
      {"Empty", "Bearer takes a token", At::kClosed, request("GET", "?topic=a", {"Authorization: Bearer "}), 401},
      {"OfAnotherParameter", "access_token is no carrier", At::kClosed,
       request("GET", "?topic=a&access_token=" + good, {}), 401},
      {"OfAnotherCookie", "the cookie is mercureAuthorization", At::kClosed,
       request("GET", "?topic=a", {"Cookie: authorization=" + good}), 401},
      {"InTheQueryBeforeTheCookie", "the query parameter wins over the cookie", At::kClosed,
       request("GET", "?topic=a&authorization=no.token.this", {"Cookie: mercureAuthorization=" + good}), 401},
      {"TheOriginBeforeTheReferer", "Origin counts, else Referer", At::kOpen,
       request("POST", "",
               {"Cookie: mercureAuthorization=" + good, kForm, "Origin: https://evil.example",
                "Referer: https://app.example/"},
               "topic=p"),
       401},
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
  const std::string exposed = "Access-Control-Expose-Headers: ETag, Last-Event-ID, Link, Retry-After";
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
    EXPECT_NE(answer.head.find("\r\n" + field + "\r\n"), std::string::npos) << "no " << field << " in " << answer.head;
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
INSTANTIATE_TEST_SUITE_P(PublishingTheHubs, Mercure, testing::ValuesIn(publishing_what_is_the_hubs()), kName);
INSTANTIATE_TEST_SUITE_P(PublishingLimits, Mercure, testing::ValuesIn(publishing_at_the_limits()), kName);
INSTANTIATE_TEST_SUITE_P(NoTokens, Mercure, testing::ValuesIn(tokens_that_are_none()), kName);
INSTANTIATE_TEST_SUITE_P(Subscriptions, Mercure, testing::ValuesIn(subscriptions()), kName);
INSTANTIATE_TEST_SUITE_P(Cors, Mercure, testing::ValuesIn(cors()), kName);

// An origin that is not listed is never reflected, and no credentials go with it.
TEST(MercureCors, AnswersOtherOriginsWithoutCorsFields) {
  const auto answer = live::request(Hubs::open->port(), request("GET", "?topic=a", {"Origin: https://evil.example"}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.head.find("Access-Control-"), std::string::npos) << answer.head;
}

}  // namespace
}  // namespace fanfare::conformance
