// What an event source does beyond the standard: the list of what users of fetch-event-source asked for.
#include <gtest/gtest.h>

#include "fanfare/client/source_recorder.h"

namespace fanfare::client {
namespace {

using Calls = std::vector<std::string>;
using Do = Next::Do;

// Resilient, with delays that are known: 3, 6, 12, 24, 48, 60 s.
SourceOptions resilient() {
  SourceOptions options{.policy = Policy::resilient(), .method = "GET", .last_event_id = {}, .comments = {}, .seed = 1};
  options.policy.jitter = Jitter::kNone;
  return options;
}

template <typename T>
SourceOptions resilient_with(T Policy::* member, T value) {
  SourceOptions options = resilient();
  options.policy.*member = value;
  return options;
}

TEST(SourcePolicy, RetriesWhatMayPassAndNothingElse) {
  for (const int status : {408, 429, 500, 502, 503, 504, 599}) {
    SourceRecorder source(resilient());
    source.connect();
    source.head(status);
    EXPECT_EQ(source.calls, (Calls{"error status " + std::to_string(status) + " in 3000 CONNECTING"}));
    EXPECT_EQ(source.session.next(), (Next{Do::kWait, source.now_ms + 3'000}));
  }
  for (const int status : {201, 205, 301, 400, 401, 403, 404, 407, 409, 410, 428, 430, 499, 600}) {
    SourceRecorder source(resilient());
    source.connect();
    source.head(status);
    EXPECT_EQ(source.calls, (Calls{"error status " + std::to_string(status) + " final CLOSED", "closed by failure"}));
  }
  SourceRecorder stopped(resilient());
  stopped.connect();
  stopped.head(204);
  EXPECT_EQ(stopped.calls, (Calls{"error no content 204 final CLOSED", "closed by failure"}));
  SourceRecorder page(resilient());
  page.connect();
  page.head(200, {{"Content-Type", "text/html\x1b[2J"}});
  EXPECT_EQ(page.calls, (Calls{"error content type 200 final CLOSED", "closed by failure"}));
  EXPECT_EQ(page.failures[0].message,
            "not an event stream: the answer has the content type \"text/html\\u001b[2J\", not text/event-stream");
}

TEST(SourcePolicy, DoublesTheDelayWhileAttemptsFailAndStopsAtTheCap) {
  SourceRecorder source(resilient());
  for (const auto* delay : {"3000", "6000", "12000", "24000", "48000", "60000", "60000"}) {
    source.connect();
    source.broken();
    EXPECT_EQ(source.calls.back(), std::string("error network 0 in ") + delay + " CONNECTING");
    source.wake();
  }
}

TEST(SourcePolicy, GrowsFromTheReconnectionTimeThatTheServerHasSet) {
  SourceRecorder source(resilient());
  source.open();
  source.bytes("retry:100\ndata:x\n\n");
  source.broken();
  for (const auto* delay : {"200", "400"}) {
    source.wake();
    source.connect();
    source.broken();
    EXPECT_EQ(source.calls.back(), std::string("error network 0 in ") + delay + " CONNECTING");
  }
}

TEST(SourcePolicy, BeginsAgainOnceAConnectionHasBeenStable) {
  struct Row {
    std::uint64_t open_ms;
    const char* bytes;
    bool clean;
    const char* delay;  // after two failures: 3000 if the connection was stable, 12000 if not
  };
  const Row rows[] = {
      {9'999, "data:x\n\n", false, "12000"}, {10'000, "", false, "3000"}, {0, "data:x\n\n", true, "3000"},
      {0, ":comment\n", true, "12000"},      {10'000, "", true, "3000"},
  };
  for (const Row& row : rows) {
    SourceRecorder source(resilient());
    for (int i = 0; i < 2; ++i) source.connect(), source.broken(), source.wake();
    source.open();
    source.bytes(row.bytes);
    source.pass(row.open_ms);
    row.clean ? source.end() : source.broken();
    EXPECT_NE(source.calls.back().find(std::string("in ") + row.delay + " "), std::string::npos) << source.calls.back();
    source.wake();
    source.connect();
    source.broken();
    const std::string next = std::string(row.delay) == "3000" ? "3000" : "24000";
    EXPECT_EQ(source.calls.back(), "error network 0 in " + next + " CONNECTING");
  }
}

TEST(SourcePolicy, GivesUpAfterTheLimitOfAttemptsInARow) {
  SourceRecorder source(resilient_with(&Policy::attempts_max, std::uint64_t{3}));
  source.connect(), source.broken(), source.wake();
  source.open(), source.bytes("data:x\n\n"), source.end(), source.wake();  // stable: counts from here
  source.connect(), source.broken(), source.wake();
  source.connect(), source.head(503), source.wake();
  source.take();
  source.connect(), source.head(503);
  EXPECT_EQ(source.calls, (Calls{"error attempts used up 503 final CLOSED", "closed by failure"}));
  EXPECT_EQ(
      source.failures.back().message,
      "gave up after 3 attempts in a row (the policy's attempts_max): the server answered with status 503, not 200");
}

TEST(SourcePolicy, OneAttemptMeansNoRetryButAStableConnectionIsResumed) {
  SourceRecorder failing(resilient_with(&Policy::attempts_max, std::uint64_t{1}));
  failing.connect(), failing.broken();
  EXPECT_EQ(failing.calls, (Calls{"error attempts used up 0 final CLOSED", "closed by failure"}));
  SourceRecorder stable(resilient_with(&Policy::attempts_max, std::uint64_t{1}));
  stable.open(), stable.pass(10'000), stable.broken();
  EXPECT_EQ(stable.calls.back(), "error network 200 in 3000 CONNECTING");
}

TEST(SourcePolicy, WaitsAsRetryAfterAsksAndThenTheDelay) {
  struct Row {
    const char* retry_after;
    const char* delay;
  };
  const Row rows[] = {
      {"0", "3000"},
      {"5", "8000"},
      {"100000", "303000"},  // at most 300 s
      {"soon", "3000"},
      {"Sun, 06 Nov 1994 08:49:39 GMT", "5000"},
      {"Sun, 06 Nov 1994 08:49:00 GMT", "3000"},
  };
  for (const Row& row : rows) {
    SourceRecorder source(resilient());
    source.connect();
    source.head(503, {{"Retry-After", row.retry_after}});
    EXPECT_EQ(source.calls, (Calls{std::string("error status 503 in ") + row.delay + " CONNECTING"}))
        << row.retry_after;
  }
  SourceRecorder deaf(resilient_with(&Policy::retry_after_ms_max, std::uint64_t{0}));
  deaf.connect();
  deaf.head(429, {{"Retry-After", "5"}});
  EXPECT_EQ(deaf.calls, (Calls{"error status 429 in 3000 CONNECTING"}));
}

TEST(SourcePolicy, TakesACleanEndForTheEndIfThePolicySaysSo) {
  SourceRecorder source(resilient_with(&Policy::clean_end, CleanEnd::kClose));
  source.open(), source.broken(), source.wake(), source.open();
  source.take();
  source.end();
  EXPECT_EQ(source.calls, (Calls{"closed at the end"}));
}

TEST(SourcePolicy, SendsARequestThatIsNotIdempotentOnlyOnceUnlessThePolicySaysSo) {
  enum class Happens { kNotSent, kSentAndBroken, kSentAndTimedOut, k503, kBrokenStream, kCleanEnd };
  struct Row {
    Happens happens;
    Calls calls;
  };
  const Row rows[] = {
      {Happens::kNotSent, {"error network 0 in 3000 CONNECTING"}},
      {Happens::kSentAndBroken, {"error network 0 final CLOSED", "closed by failure"}},
      {Happens::kSentAndTimedOut, {"error timeout 0 final CLOSED", "closed by failure"}},
      {Happens::k503, {"error status 503 final CLOSED", "closed by failure"}},
      {Happens::kBrokenStream, {"error network 200 final CLOSED", "closed by failure"}},
      {Happens::kCleanEnd, {"closed at the end"}},
  };
  for (const auto* method : {"POST", "PATCH", "PUT"}) {
    for (const auto repeats : {NonIdempotent::kSendOnce, NonIdempotent::kRepeat}) {
      for (const Row& row : rows) {
        SourceOptions options = resilient_with(&Policy::non_idempotent, repeats);
        options.method = method;
        SourceRecorder source(options);
        source.connect();
        if (row.happens != Happens::kNotSent) source.session.request_sent();
        if (row.happens >= Happens::kBrokenStream) source.head();
        source.take();
        if (row.happens == Happens::kNotSent || row.happens == Happens::kSentAndBroken) source.broken();
        if (row.happens == Happens::kSentAndTimedOut) source.wake();
        if (row.happens == Happens::k503) source.head(503);
        if (row.happens == Happens::kBrokenStream) source.broken();
        if (row.happens == Happens::kCleanEnd) source.end();
        const bool once = repeats == NonIdempotent::kSendOnce && std::string(method) != "PUT";
        if (once) {
          EXPECT_EQ(source.calls, row.calls) << method << static_cast<int>(row.happens);
        } else {
          EXPECT_EQ(source.what(), Do::kWait) << method << static_cast<int>(row.happens);
        }
        if (once && source.what() == Do::kDone && !source.failures.empty()) {
          EXPECT_NE(source.failures[0].message.find("is not idempotent"), std::string::npos);
        }
      }
    }
  }
}

TEST(SourcePolicy, KnowsForEachAttemptAnewWhetherTheRequestWasSent) {
  SourceOptions options = resilient();
  options.method = "POST";
  SourceRecorder source(options);
  source.failure_verdict = FailureVerdict::retry_in(1);
  source.connect(), source.session.request_sent(), source.broken(), source.wake();
  source.failure_verdict = FailureVerdict::by_policy();
  source.connect(), source.broken();
  EXPECT_EQ(source.what(), Do::kWait);
}

TEST(SourcePolicy, EndsAConnectionThatIsSilentForTooLong) {
  SourceRecorder source(resilient());
  source.open();
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, source.now_ms + 90'000}));
  source.pass(89'999);
  source.bytes(":");  // any byte counts
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, source.now_ms + 90'000}));
  source.pass(89'999);
  EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN"}));
  source.pass(1);
  EXPECT_EQ(source.calls.back(), "error idle 200 in 3000 CONNECTING");
  EXPECT_EQ(source.what(), Do::kWait);
}

TEST(SourcePolicy, EndsARequestThatIsNotAnsweredInTime) {
  SourceRecorder source(resilient());
  source.connect();
  EXPECT_EQ(source.session.next(), (Next{Do::kReceive, source.now_ms + 30'000}));
  source.pass(29'999);
  EXPECT_EQ(source.calls, Calls{});
  source.pass(1);
  EXPECT_EQ(source.calls, (Calls{"error timeout 0 in 3000 CONNECTING"}));
  EXPECT_EQ(source.failures[0].message, "no answer within 30000 ms (the policy's connect_timeout_ms)");
  source.head();  // too late
  EXPECT_EQ(source.what(), Do::kWait);
}

TEST(SourcePolicy, DeliversCommentsOnRequest) {
  for (const auto comments : {Comments::kSkip, Comments::kDeliver}) {
    SourceOptions options = resilient();
    options.comments = comments;
    SourceRecorder source(options);
    source.open();
    source.bytes(":\n: a\ndata:1\n\n");
    const Calls expected = comments == Comments::kSkip
                               ? Calls{"open https://example.com OPEN", "event message [] 1"}
                               : Calls{"open https://example.com OPEN", "comment ", "comment  a", "event message [] 1"};
    EXPECT_EQ(source.calls, expected);
  }
}

TEST(SourcePolicy, EndsForGoodWhenTheStreamIsBeyondTheBounds) {
  struct Row {
    std::size_t Policy::* member;
    const char* bytes;
    const char* message;
  };
  const Row rows[] = {
      {&Policy::line_bytes_max, "data:1\n\ndata:12345678\n\ndata:2\n\n",
       "a line of the event stream is longer than 8 bytes"},
      {&Policy::event_bytes_max, "data:1\n\ndata:1234\ndata:5678\n\ndata:2\n\n",
       "the data of an event of the event stream is longer than 8 bytes"},
  };
  for (const Row& row : rows) {
    SourceRecorder source(resilient_with(row.member, std::size_t{8}));
    source.open();
    source.bytes(row.bytes);
    EXPECT_EQ(source.calls, (Calls{"open https://example.com OPEN", "event message [] 1",
                                   "error limit 200 final CLOSED", "closed by failure"}));
    const std::string& message = source.failures[0].message;
    EXPECT_TRUE(message.starts_with(row.message)) << message;
    EXPECT_NE(message.find("not tried again"), std::string::npos) << message;
  }
}

TEST(SourcePolicy, TheUserJudgesResponses) {
  SourceRecorder accepting(resilient());
  accepting.response_verdict = ResponseVerdict::accept();
  accepting.connect();
  accepting.head(206, {{"Content-Type", "text/plain"}});
  accepting.bytes("data:1\n\n");
  EXPECT_EQ(accepting.calls, (Calls{"open https://example.com OPEN", "event message [] 1"}));

  for (const int status : {200, 404, 503}) {
    SourceRecorder refusing(resilient());
    refusing.response_verdict = ResponseVerdict::refuse();
    refusing.connect();
    refusing.head(status);
    EXPECT_EQ(refusing.calls,
              (Calls{"error refused " + std::to_string(status) + " final CLOSED", "closed by failure"}));

    SourceRecorder retrying(resilient_with(&Policy::attempts_max, std::uint64_t{1}));
    retrying.response_verdict = ResponseVerdict::retry_in(77);
    retrying.connect();
    retrying.head(status, {{"Retry-After", "100"}});
    EXPECT_EQ(retrying.calls, (Calls{"error refused " + std::to_string(status) + " in 77 CONNECTING"}));
    EXPECT_EQ(retrying.session.next(), (Next{Do::kWait, retrying.now_ms + 77}));
    EXPECT_EQ(retrying.judged, "judge " + std::to_string(status)) << "judge_failure is not asked as well";
  }
}

TEST(SourcePolicy, TheUserJudgesFailuresAndSeesWhatThePolicyWouldDo) {
  SourceRecorder source(resilient());
  source.failure_verdict = FailureVerdict::retry_in(5);
  source.connect(), source.broken();
  EXPECT_EQ(source.planned.retry_in_ms, 3'000u);
  EXPECT_EQ(source.calls.back(), "error network 0 in 5 CONNECTING");
  source.wake();
  source.connect(), source.head(404);
  EXPECT_TRUE(source.planned.is_final());
  EXPECT_EQ(source.calls.back(), "error status 404 in 5 CONNECTING");
  source.wake();
  source.failure_verdict = FailureVerdict::by_policy();
  source.connect(), source.broken();
  EXPECT_EQ(source.calls.back(), "error network 0 in 12000 CONNECTING") << "the failures before count";
  source.wake();
  source.failure_verdict = FailureVerdict::give_up();
  source.connect(), source.broken();
  EXPECT_EQ(source.calls.back(), "closed by failure");
  EXPECT_EQ(source.calls[source.calls.size() - 2], "error network 0 final CLOSED");
}

TEST(SourcePolicy, TheUserMayReconnectAfterAnEndThatWouldCloseTheSource) {
  SourceRecorder source(resilient_with(&Policy::clean_end, CleanEnd::kClose));
  source.failure_verdict = FailureVerdict::retry_in(5);
  source.open(), source.end();
  EXPECT_EQ(source.calls.back(), "error ended 200 in 5 CONNECTING");
}

TEST(SourcePolicy, TellsAGapThatTheHubAdmits) {
  struct Row {
    const char* sent;
    const char* received;
    std::optional<std::string> resumed_from;
  };
  const Row rows[] = {
      {"7", "7", {}},   {"7", "earliest", "earliest"},        {"7", "", ""}, {"", "earliest", {}},
      {" a ", "a", {}}, {"\xE2\x80\xA6", "\xE2\x80\xA6", {}},
  };
  for (const Row& row : rows) {
    SourceOptions options = resilient();
    options.last_event_id = row.sent;
    SourceRecorder source(options);
    source.connect();
    source.head(200, {{"Content-Type", "text/event-stream"}, {"Last-Event-ID", row.received}});
    EXPECT_EQ(source.resumed_from, row.resumed_from) << row.sent;
  }
  SourceRecorder silent(resilient());
  silent.open();
  silent.bytes("id:7\ndata:x\n\n");
  silent.end(), silent.wake(), silent.open();
  EXPECT_EQ(silent.resumed_from, std::nullopt);
}

}  // namespace
}  // namespace fanfare::client
