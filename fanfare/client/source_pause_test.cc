// Back-pressure: a user who takes no more for now.
#include <gtest/gtest.h>

#include "fanfare/client/source_recorder.h"

namespace fanfare::client {
namespace {

using Calls = std::vector<std::string>;
using Do = Next::Do;

SourceOptions resilient() {
  SourceOptions options{
      .policy = Policy::resilient(), .method = "GET", .last_event_id = {}, .comments = Comments::kDeliver, .seed = 1};
  options.policy.jitter = Jitter::kNone;
  return options;
}

void resume(SourceRecorder& source) {
  source.session.resume(source.now_ms);
}

TEST(SourcePause, KeepsWhatCameWithThePieceAndDeliversItInOrderOnce) {
  SourceRecorder source(resilient());
  source.open();
  source.take();
  source.during = [&](const std::string&) { source.session.pause(); };
  source.bytes("data:1\n\n:2\ndata:3\n\nid:4\ndata:4\n\ndata:");
  EXPECT_EQ(source.take(), (Calls{"event message [] 1"}));
  EXPECT_EQ(source.session.next(), (Next{Do::kHold, Next::kNever}));
  source.bytes("5\n\n");  // what was being read
  EXPECT_EQ(source.take(), Calls{});
  for (const auto* call : {"comment 2", "event message [] 3", "event message [4] 4", "event message [4] 5"}) {
    EXPECT_EQ(source.session.last_event_id(), std::string(call).ends_with("5") ? "4" : "");
    resume(source);
    EXPECT_EQ(source.take(), (Calls{call}));
  }
  resume(source);
  EXPECT_EQ(source.what(), Do::kReceive);
  source.bytes("data:6\n\n");
  EXPECT_EQ(source.take(), (Calls{"event message [4] 6"}));
}

TEST(SourcePause, MayBePausedFromOutsideAndResumedFromWithinACall) {
  SourceRecorder source(resilient());
  source.open();
  source.take();
  source.session.pause();
  EXPECT_TRUE(source.session.is_paused());
  source.bytes("data:1\n\ndata:2\n\n");
  EXPECT_EQ(source.calls, Calls{});
  source.during = [&](const std::string&) { source.session.pause(), resume(source); };
  resume(source);
  EXPECT_EQ(source.calls, (Calls{"event message [] 1", "event message [] 2"}));
  EXPECT_FALSE(source.session.is_paused());
}

TEST(SourcePause, TellsTheEndOnlyAfterAllThatCameBefore) {
  SourceRecorder source(resilient());
  source.open();
  source.session.pause();
  source.bytes("data:1\n\n");
  source.end();
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN"}));
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, Next::kNever})) << "there is no connection";
  EXPECT_EQ(source.session.ready_state(), ReadyState::kOpen) << "its events are still to come";
  source.now_ms += 5'000;
  resume(source);
  EXPECT_EQ(source.calls,
            (Calls{"open https://example.com OPEN", "event message [] 1", "error ended 200 in 3000 CONNECTING"}));
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, source.now_ms + 3'000}));
}

TEST(SourcePause, TellsNoErrorWithoutBytesBeforeItEither) {
  SourceRecorder source(resilient());
  source.session.pause();
  EXPECT_EQ(source.what(), Do::kWait) << "no connection begins";
  resume(source);
  source.connect();
  source.session.pause();
  source.broken();
  EXPECT_EQ(source.calls, Calls{});
  source.head(404);  // of the connection that is gone
  resume(source);
  EXPECT_EQ(source.calls, (Calls{"error network 0 in 3000 CONNECTING"}));
}

TEST(SourcePause, BeginsNoConnection) {
  SourceRecorder source(resilient());
  source.open(), source.end();
  source.session.pause();
  EXPECT_EQ(source.session.next(), (Next{Do::kWait, Next::kNever}));
  source.pass(100'000);
  EXPECT_EQ(source.what(), Do::kWait);
  resume(source);
  source.session.tick(source.now_ms);
  EXPECT_EQ(source.what(), Do::kConnect);
  source.session.pause();
  EXPECT_EQ(source.what(), Do::kWait);
}

TEST(SourcePause, JudgesAndOpensWhatIsUnderWay) {
  SourceRecorder source(resilient());
  source.connect();
  source.session.pause();
  EXPECT_EQ(source.session.next(), (Next{Do::kHold, source.now_ms + 30'000}));
  source.head();
  source.bytes("data:1\n\n");
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN"}));
  resume(source);
  EXPECT_EQ(source.calls.back(), "event message [] 1");
}

TEST(SourcePause, IsNotSilence) {
  SourceRecorder source(resilient());
  source.open();
  source.session.pause();
  source.pass(500'000);
  EXPECT_EQ(source.calls.size(), 1u);
  resume(source);
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, source.now_ms + 90'000}));
}

TEST(SourcePause, DoesNotMakeAConnectionStable) {
  SourceRecorder source(resilient());
  source.connect(), source.broken(), source.wake();
  source.open();
  source.session.pause();
  source.broken();
  source.now_ms += 100'000;
  resume(source);
  EXPECT_EQ(source.calls.back(), "error network 200 in 6000 CONNECTING");
}

TEST(SourcePause, FindsALimitOnlyAfterTheEventsBeforeIt) {
  SourceOptions options = resilient();
  options.policy.line_bytes_max = 8;
  SourceRecorder source(options);
  source.open();
  source.session.pause();
  source.bytes("data:1\n\ndata:12345678\n\ndata:3\n\n");
  source.end();
  EXPECT_EQ(source.calls.size(), 1u);
  resume(source);
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN", "event message [] 1", "error limit 200 final CLOSED",
                                 "closed by failure"}));
}

TEST(SourcePause, ClosesAtOnceAndForgetsWhatWasKept) {
  SourceRecorder source(resilient());
  source.open();
  source.during = [&](const std::string& call) {
    if (call.starts_with("event")) source.session.pause();
  };
  source.bytes("id:1\ndata:1\n\nid:2\ndata:2\n\n");
  source.end();
  source.take();
  source.session.close();
  resume(source);
  EXPECT_EQ(source.calls, (Calls{"closed by user"}));
  EXPECT_EQ(source.session.last_event_id(), "1");
  EXPECT_EQ(source.what(), Do::kDone);
}

TEST(SourcePause, ClosesFromWithinACallWhilePaused) {
  SourceRecorder source(resilient());
  source.open();
  source.take();
  source.during = [&](const std::string&) { source.session.pause(), source.session.close(); };
  source.bytes("data:1\n\ndata:2\n\n");
  EXPECT_EQ(source.calls, (Calls{"event message [] 1", "closed by user"}));
}

}  // namespace
}  // namespace fanfare::client
