// Streams of the Mercure protocol as deployed (generation 0.x), from outside: what they bring, live and replayed, and
// when they end. What it is not: the answers to single requests (mercure_test.cc).
#include <gtest/gtest.h>

#include <csignal>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/mercure.h"

namespace fanfare::conformance {
namespace {

TEST_F(MercureStream, EventsHaveTheirFields) {
  live::Connection reader(hub_.port());
  subscribe(reader, "?topic=a");
  publish("topic=a&id=1&type=greeting&retry=1500&data=one%0D%0Atwo%0Dthree%0Afour");
  const std::string news = through(reader, "data: four\n\n");
  for (const char* field : {"event: greeting\n", "retry: 1500\n", "id: 1\n", "data: one\ndata: two\ndata: three\n"}) {
    EXPECT_NE(news.find(field), news.npos) << field << " in " << news;
  }
}

// Of five updates, each of three subscribers selects four, each in another way.
TEST_F(MercureStream, SubscribersGetExactlyWhatTheySelectByteForByte) {
  constexpr const char* kQueries[] = {"?topic=a&topic=b&topic=c&topic=d", "?topic=a&topic=%7Bbcd%7D", "?topic=%2A"};
  std::vector<std::unique_ptr<live::Connection>> readers;
  for (const std::string query : kQueries) {
    readers.push_back(std::make_unique<live::Connection>(hub_.port()));
    // HTTP/1.0: the body is the event stream itself.
    readers.back()->send("GET " + std::string(kHub) + query + " HTTP/1.0\r\n\r\n");
    ASSERT_TRUE(readers.back()->receive_until("\r\n\r\n:\n"));
  }
  publish("topic=a&id=1&data=%7B%22a%22%3A1%7D");
  publish("topic=b&id=2&type=t&data=one%0Atwo");
  publish("topic=private&id=3&private=on&data=secret");
  publish("topic=c&id=4&retry=10");
  publish("topic=d&id=5&data=%20");
  for (const auto& reader : readers) {
    const std::string news = through(*reader, "id: 5\ndata:  \n\n");
    EXPECT_EQ(news.substr(news.find("\r\n\r\n") + 4),
              ":\nid: 1\ndata: {\"a\":1}\n\n"
              "event: t\nid: 2\ndata: one\ndata: two\n\n"
              "retry: 10\nid: 4\ndata: \n\n"
              "id: 5\ndata:  \n\n");
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

TEST_F(MercureStream, AReplayOfThousandsIsWholeAndARecentIdIsFoundBehindThem) {
  constexpr std::size_t kUpdates = 12'000;
  live::Publisher publisher(hub_.port(), hub_.token());
  ASSERT_TRUE(publisher.publish_series("many", 1, kUpdates));
  publish("topic=many&id=recent&data=recent");
  publish("topic=many&data=end");
  live::Connection all(hub_.port());
  subscribe(all, "?topic=many&lastEventID=earliest");
  const std::string news = through(all, "data: end\n\n");
  std::size_t from = 0;
  for (std::size_t i = 1; i <= kUpdates; ++i) {
    from = news.find("data: " + std::to_string(i) + " ", from);
    ASSERT_NE(from, news.npos) << "update " << i << " is missing or out of order";
  }
  live::Connection recent(hub_.port());
  EXPECT_EQ(subscribe(recent, "?topic=many&lastEventID=recent").header("Last-Event-ID"), "recent");
  const std::string rest = through(recent, "data: end\n\n");
  EXPECT_EQ(rest.find("data: 12000"), rest.npos);
  EXPECT_EQ(rest.find("data: recent"), rest.npos);
}

TEST_F(MercureStream, AReplayIsAuthorisedByTheTokenOfNow) {
  publish("topic=a&private=on&id=secret&data=secret");
  publish("topic=a&id=news&data=news");
  for (const auto& [grant, comes] : {std::pair("a", true), std::pair("b", false)}) {
    live::Connection reader(hub_.port());
    subscribe(reader, "?topic=a&lastEventID=earliest", {"Authorization: Bearer " + token_for({}, {grant})});
    const std::string news = through(reader, "data: news\n\n");
    EXPECT_EQ(news.find("data: secret") != news.npos, comes) << grant;
  }
  live::Connection unauthorised(hub_.port());
  EXPECT_EQ(subscribe(unauthorised, "?topic=a&lastEventID=secret").header("Last-Event-ID"), "secret");
  EXPECT_EQ(through(unauthorised, "data: news\n\n").find("data: secret"), std::string::npos);
}

TEST_F(MercureStream, TheUrlsParametersAndTheFormsOfAQueryAreOne) {
  publish("topic=a&id=1&data=1");
  live::Connection reader(hub_.port());
  reader.send(request("QUERY", "?topic=a&lastEventID=1", {kForm}, "topic=b&lastEventID=earliest"));
  EXPECT_EQ(live::read_answer(reader).header("Last-Event-ID"), "1") << "of the id, the URL's counts";
  publish("topic=b&data=2");
  publish("topic=a&data=end");
  const std::string news = through(reader, "data: end\n\n");
  EXPECT_NE(news.find("data: 2\n"), news.npos);
  EXPECT_EQ(news.find("data: 1\n"), news.npos);
}

TEST(MercureIdle, AStreamHasCommentsAndEndsWholeWhenTheHubDoes) {
  ServerProcess hub({.limits = {"heartbeat_ms=500"}});
  live::Connection reader(hub.port());
  reader.send(request("GET", "?topic=a", {}));
  ASSERT_EQ(live::read_answer(reader).status, 200);
  EXPECT_TRUE(reader.receive_until("2\r\n:\n\r\n2\r\n:\n\r\n")) << reader.received();
  hub.process().send_signal(SIGTERM);
  EXPECT_TRUE(reader.receive_until("\r\n0\r\n\r\n")) << reader.received();
  EXPECT_NE(reader.received().find("retry: "), std::string::npos) << "it says when to come back";
}

TEST(MercurePresence, ASubscriberSeesItselfComeAndOthersGo) {
  const ServerProcess hub({.arguments = {"--subscriptions"}});
  const std::string grant =
      "Authorization: Bearer " + token_for({}, {"/.well-known/mercure/subscriptions{/topic}{/subscriber}"});
  live::Connection watcher(hub.port());
  watcher.send(
      request("GET", "?topic=%2F.well-known%2Fmercure%2Fsubscriptions%7B%2Ftopic%7D%7B%2Fsubscriber%7D", {grant}));
  ASSERT_EQ(live::read_answer(watcher).status, 200);
  EXPECT_TRUE(watcher.receive_until("\"active\":true}"));
  {
    live::Connection other(hub.port());
    other.send(request("GET", "?topic=a%2Bb%20c%3A%7Bd%7D", {}));
    ASSERT_EQ(live::read_answer(other).status, 200);
    EXPECT_TRUE(watcher.receive_until("/.well-known/mercure/subscriptions/a%2Bb%20c%3A%7Bd%7D/urn%3Auuid%3A"));
    const auto listed = live::request(hub.port(), request("GET", "/subscriptions/a%2Bb%20c%3A%7Bd%7D", {grant}));
    EXPECT_NE(listed.body.find("\"topic\":\"a+b c:{d}\""), std::string::npos) << listed.body;
  }
  EXPECT_TRUE(watcher.receive_until("\"active\":false}"));
}

TEST(MercurePresence, AListIsSentAgainOnlyWhenItHasChanged) {
  const ServerProcess hub({.arguments = {"--subscriptions"}});
  const auto list = [&](const std::string& known) {
    return live::request(hub.port(), request("GET", "/subscriptions", {kAll, "If-None-Match: " + known}));
  };
  const std::string empty = list("\"none\"").header("ETag");
  EXPECT_TRUE(empty.starts_with("W/\"")) << empty;
  EXPECT_EQ(list(empty).status, 304);
  live::Connection reader(hub.port());
  reader.send(request("GET", "?topic=a", {}));
  ASSERT_EQ(live::read_answer(reader).status, 200);
  const Answer changed = list(empty);
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.header("ETag"), empty);
  EXPECT_NE(changed.body.find("\"topic\":\"a\""), std::string::npos) << changed.body;
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
