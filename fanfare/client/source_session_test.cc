// What WHATWG HTML 9.2 says of EventSource, as far as it is decided without I/O. See source_policy_test.cc for what
// goes beyond it, source_pause_test.cc for back-pressure, simulation_test.cc for all of it together.
#include "fanfare/client/source_session.h"

#include <gtest/gtest.h>

#include <limits>

#include "fanfare/client/source_recorder.h"

namespace fanfare::client {
namespace {

using Calls = std::vector<std::string>;
using Do = Next::Do;

SourceOptions standard() {
  return {.policy = Policy::standard(), .method = "GET", .last_event_id = {}, .comments = {}, .seed = 1};
}

SourceOptions standard_after(std::string last_event_id) {
  SourceOptions options = standard();
  options.last_event_id = std::move(last_event_id);
  return options;
}

TEST(SourceSession, ConnectsOpensAndDeliversEvents) {
  SourceRecorder source(standard());
  EXPECT_EQ(source.session.ready_state(), ReadyState::kConnecting);
  EXPECT_EQ(source.what(), Do::kConnect);
  EXPECT_EQ(source.connect(), "");
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, Next::kNever}));
  source.session.request_sent();
  EXPECT_EQ(source.calls, Calls{});
  source.head();
  source.bytes("data:1\n\nevent:x\nid:7\ndata:2\n\n:comment\n");
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN", "event message [] 1", "event x [7] 2"}));
  EXPECT_EQ(source.session.origin(), kOrigin);
  EXPECT_EQ(source.session.last_event_id(), "7");
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, Next::kNever}));
}

TEST(SourceSession, OpensOnlyWith200AndTheTypeOfAnEventStreamElseFailsForGood) {
  struct Row {
    int status;
    const char* type;
    std::string call;
  };
  const Row rows[] = {
      {200, "text/event-stream", ""},
      {200, "TEXT/event-stream;", ""},
      {200, "text/event-stream;charset=windows-1252", ""},
      {200, "text/html", "error content type 200 final CLOSED"},
      {200, "text/x-bogus", "error content type 200 final CLOSED"},
      {200, "", "error content type 200 final CLOSED"},
      {204, "text/event-stream", "error no content 204 final CLOSED"},
      {205, "text/event-stream", "error status 205 final CLOSED"},
      {210, "text/event-stream", "error status 210 final CLOSED"},
      {299, "text/event-stream", "error status 299 final CLOSED"},
      {301, "text/event-stream", "error status 301 final CLOSED"},
      {404, "text/event-stream", "error status 404 final CLOSED"},
      {410, "text/event-stream", "error status 410 final CLOSED"},
      {429, "text/event-stream", "error status 429 final CLOSED"},
      {503, "text/event-stream", "error status 503 final CLOSED"},
  };
  for (const Row& row : rows) {
    SourceRecorder source(standard());
    source.connect();
    source.head(row.status, {{"Content-Type", row.type}});
    const Calls expected =
        row.call.empty() ? Calls{"open https://example.com OPEN"} : Calls{row.call, "closed by failure"};
    EXPECT_EQ(source.calls, expected) << row.status << " " << row.type;
    EXPECT_EQ(source.what(), row.call.empty() ? Do::kReceive : Do::kDone);
    source.bytes("data:x\n\n");
    EXPECT_EQ(source.calls.size(), row.call.empty() ? 2u : expected.size()) << row.status << " " << row.type;
  }
}

TEST(SourceSession, ReconnectsAfterTheReconnectionTimeWhenTheStreamEnds) {
  SourceRecorder source(standard());
  source.open();
  source.end();
  EXPECT_EQ(source.take(), (Calls{"open https://example.com OPEN", "error ended 200 in 3000 CONNECTING"}));
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, source.now_ms + 3'000}));
  source.pass(2'999);
  EXPECT_EQ(source.what(), Do::kWait);
  source.pass(1);
  EXPECT_EQ(source.session.next(), (Next{Do::kConnect, Next::kNever}));
  source.open();
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN"}));
  EXPECT_EQ(source.connections, 2u);
}

TEST(SourceSession, ReconnectsForEverWhenTheNetworkFails) {
  SourceRecorder source(standard());
  for (int i = 0; i < 100; ++i) {
    source.connect();
    if (i % 3 == 1) source.head();
    i % 3 == 2 ? source.end() : source.broken();
    source.wake();
    const std::string status = i % 3 == 1 ? "200" : "0";
    EXPECT_EQ(source.calls.back(), "error network " + status + " in 3000 CONNECTING") << i;
    EXPECT_EQ(source.what(), Do::kConnect);
  }
}

TEST(SourceSession, FailsForGoodWhenTheDriverKnowsThatItIsFutile) {
  SourceRecorder source(standard());
  source.connect();
  source.broken(TransportFailure::Outlook::kFutile);
  EXPECT_EQ(source.calls, (Calls{"error futile 0 final CLOSED", "closed by failure"}));
  EXPECT_EQ(source.failures[0].message, "connection refused");
}

TEST(SourceSession, TakesRetryAtOnceAndKeepsItOverReconnects) {
  SourceRecorder source(standard());
  source.open();
  source.bytes("retry:2\n");  // no event, not even the end of one
  EXPECT_EQ(source.session.reconnection_time_ms(), 2u);
  source.end();
  EXPECT_EQ(source.calls.back(), "error ended 200 in 2 CONNECTING");
  source.wake();
  source.connect();
  source.broken();
  EXPECT_EQ(source.calls.back(), "error network 0 in 2 CONNECTING");
  source.wake();
  source.open();
  source.bytes("retry: bogus\nretry:1000x\nretry\nretry:0\ndata:x\n\n");
  source.end();
  EXPECT_EQ(source.calls.back(), "error ended 200 in 0 CONNECTING");
  source.pass(0);
  EXPECT_EQ(source.what(), Do::kConnect);
}

TEST(SourceSession, SurvivesAReconnectionTimeBeyondTheEndOfTime) {
  SourceRecorder source(standard());
  source.open();
  source.bytes("retry:99999999999999999999999\n");
  source.end();
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, Next::kNever}));
}

TEST(SourceSession, SendsTheLastEventIdAsItWasReceivedAndKeepsIt) {
  SourceRecorder source(standard());
  source.open();
  source.bytes("id: \xE2\x80\xA6\ndata:1\n\n");
  source.end();
  source.wake();
  EXPECT_EQ(source.connect(), "\xE2\x80\xA6");
  source.broken();
  source.wake();
  EXPECT_EQ(source.connect(), "\xE2\x80\xA6");
  source.head();
  source.bytes("data:2\n\n");
  EXPECT_EQ(source.calls.back(), "event message [\xE2\x80\xA6] 2");
}

TEST(SourceSession, SendsNoLastEventIdOnceItIsEmptyAgain) {
  for (const auto* empty : {"id:\n\n", "id\n\n", "id: \ndata:2\n\n"}) {
    SourceRecorder source(standard());
    source.open();
    source.bytes("id:1\ndata:1\n\n");
    source.bytes(empty);
    source.end();
    source.wake();
    EXPECT_EQ(source.connect(), "") << empty;
  }
}

TEST(SourceSession, TakesTheIdOfABlockWithoutDataButNotOfOneThatIsUnfinished) {
  SourceRecorder source(standard());
  source.open();
  source.bytes("id:1\n\nid:2\ndata:x\n");
  EXPECT_EQ(source.session.last_event_id(), "1");
  source.end();
  source.wake();
  EXPECT_EQ(source.connect(), "1");
}

TEST(SourceSession, BeginsWithTheLastEventIdThatItIsGiven) {
  SourceRecorder source(standard_after("abc"));
  EXPECT_EQ(source.session.last_event_id(), "abc");
  EXPECT_EQ(source.connect(), "abc");
  source.head();
  source.bytes("data:x\n\n");
  EXPECT_EQ(source.calls.back(), "event message [abc] x");
}

TEST(SourceSession, ReadsEachConnectionAfresh) {
  SourceRecorder source(standard());
  source.open();
  source.bytes("event:old\nid:old\ndata:unfinished\n");
  source.broken();
  source.wake();
  source.open();
  source.bytes(
      "\xEF\xBB\xBF"
      "data:1\n\n");
  source.broken();
  source.wake();
  source.take();
  source.open();
  source.bytes("\xEF\xBB");
  source.bytes(
      "\xBF"
      "data:2\n\ndata");
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN", "event message [] 2"}));
}

TEST(SourceSession, ClosesBeforeTheFirstConnection) {
  SourceRecorder source(standard());
  source.session.close();
  EXPECT_EQ(source.calls, (Calls{"closed by user"}));
  EXPECT_EQ(source.session.ready_state(), ReadyState::kClosed);
  EXPECT_EQ(source.session.next(), (Next{Do::kDone, Next::kNever}));
}

TEST(SourceSession, ClosesInEveryStateWithOneLastCall) {
  const std::vector<std::function<void(SourceRecorder&)>> ways = {
      [](SourceRecorder&) {},
      [](SourceRecorder& source) { source.connect(); },
      [](SourceRecorder& source) { source.open(); },
      [](SourceRecorder& source) { source.open(), source.bytes("data:x\n\nda"); },
      [](SourceRecorder& source) { source.open(), source.end(); },
      [](SourceRecorder& source) { source.open(), source.end(), source.wake(); },
  };
  for (std::size_t i = 0; i < ways.size(); ++i) {
    SourceRecorder source(standard_after("7"));
    ways[i](source);
    source.take();
    source.session.close();
    source.session.close();
    source.head();
    source.bytes("id:8\ndata:y\n\n");
    source.end();
    source.broken();
    source.pass(100'000);
    source.session.pause();
    source.session.resume(source.now_ms);
    EXPECT_EQ(source.calls, (Calls{"closed by user"})) << i;
    EXPECT_EQ(source.what(), Do::kDone) << i;
    EXPECT_EQ(source.session.last_event_id(), "7") << i;
  }
}

// The first call of each kind closes; which calls come before it does not matter here.
TEST(SourceSession, ClosesFromWithinAnyCallAndDeliversNothingAfterIt) {
  for (const std::string prefix : {"judge 200", "open", "event", "comment", "judge failure", "error ended"}) {
    SourceOptions options = standard();
    options.comments = Comments::kDeliver;
    SourceRecorder source(options);
    std::size_t calls_before = 0;
    source.during = [&](const std::string& call) {
      if (!call.starts_with(prefix) || source.session.ready_state() == ReadyState::kClosed) return;
      calls_before = source.calls.size();
      source.session.close();
      EXPECT_EQ(source.session.ready_state(), ReadyState::kClosed);
      EXPECT_EQ(source.calls.size(), calls_before) << "calls do not nest";
    };
    source.connect();
    source.head();
    source.bytes("id:1\ndata:1\n\n:comment\nid:2\ndata:2\n\n:comment\n");
    source.end();
    ASSERT_FALSE(source.calls.empty());
    EXPECT_EQ(source.calls.size(), calls_before + 1) << prefix;
    EXPECT_EQ(source.calls.back(), "closed by user") << prefix;
    EXPECT_EQ(source.what(), Do::kDone) << prefix;
    const bool saw_first = prefix == "event" || prefix == "comment";
    const bool saw_all = prefix == "judge failure" || prefix == "error ended";
    EXPECT_EQ(source.session.last_event_id(), saw_all ? "2" : saw_first ? "1" : "") << prefix;
  }
}

TEST(SourceSession, ClosingFromWithinAFinalErrorOrTheLastCallChangesNothing) {
  SourceRecorder source(standard());
  source.during = [&](const std::string&) {
    if (source.session.ready_state() == ReadyState::kClosed) source.session.close();
  };
  source.connect();
  source.head(404);
  EXPECT_EQ(source.calls, (Calls{"error status 404 final CLOSED", "closed by failure"}));
}

TEST(SourceSession, IgnoresWhatARequestSaysThatIsNoLongerWanted) {
  SourceRecorder source(standard());
  source.open();
  source.end();
  source.take();
  source.head();
  source.bytes("data:x\n\n");
  source.end();
  source.broken();
  EXPECT_EQ(source.calls, Calls{});
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, source.now_ms + 3'000}));
}

TEST(SourceSession, TakesASecondHeadForNothing) {
  SourceRecorder source(standard());
  source.open();
  source.head(404);
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN"}));
}

TEST(SourceSession, RefusesALastEventIdThatNoHeaderCanCarry) {
  for (const std::string& id : {std::string("a\nb"), std::string("a\r"), std::string("a\0b", 3), std::string("\xFF")}) {
    EXPECT_FALSE(check_options(standard_after(id))) << testing::PrintToString(id);
  }
  EXPECT_TRUE(check_options(standard_after("\xE2\x80\xA6 a")));
  SourceOptions options = standard();
  options.policy.reconnection_time_ms = 0;
  EXPECT_FALSE(check_options(options));
}

TEST(SourceSession, CutsAStreamAnywhereWithTheSameCalls) {
  const std::string stream = "\xEF\xBB\xBFid:1\r\ndata:a\r\n\r\n:c\rretry:50\nevent:e\ndata:b\ndata:\xE2\x80\xA6\n\n";
  const Calls expected = {"open https://example.com OPEN", "event message [1] a", "event e [1] b\n\xE2\x80\xA6",
                          "error ended 200 in 50 CONNECTING"};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SourceRecorder source(standard());
    source.open();
    source.bytes(std::string_view(stream).substr(0, cut));
    source.bytes(std::string_view(stream).substr(cut));
    source.end();
    EXPECT_EQ(source.calls, expected) << cut;
  }
  SourceRecorder source(standard());
  source.open();
  for (const char& byte : stream) source.bytes({&byte, 1});
  source.end();
  EXPECT_EQ(source.calls, expected);
}

TEST(SourceSessionDeathTest, AsksTheDriverNotToCallOutOfAVisitorsCallOrToConnectTwice) {
  SourceRecorder source(standard());
  source.during = [&](const std::string& call) {
    if (call.starts_with("judge 200")) source.session.receive_head({}, source.now_ms);
  };
  source.connect();
  EXPECT_DEATH(source.connect(), "kConnect");
  EXPECT_DEATH(source.head(), "in_call_");
}

}  // namespace
}  // namespace fanfare::client
