// The closing handshake and its codes (RFC 6455 sections 5.5.1 and 7; section 7 of the Autobahn test suite).
#include "testing/websocket/session_cases.h"

namespace fanfare::websocket {
namespace {

using namespace websocket_testing;

std::string closing(unsigned code, std::string_view reason = {}) {
  return client_frame(kFin | kClose, close_payload(code, reason));
}

TEST(SessionClose, TheClientsCloseIsAnsweredWithItsCode) {
  std::vector<Case> cases = {
      {client_frame(kFin | kClose, ""), "close 1005\n", "close\n"},
      {closing(1000, "bye"), "close 1000 bye\n", "close 1000\n"},
      {closing(1000, std::string(123, 'r')), "close 1000 " + std::string(123, 'r') + "\n", "close 1000\n"},
      {client_frame(kText, "half") + closing(1001), "close 1001\n", "close 1001\n"},
      {client_frame(kFin | kPing, "p") + closing(1001), "close 1001\n", "pong p\nclose 1001\n"},
  };
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u, 1014u, 3000u,
                              3999u, 4000u, 4999u}) {
    cases.push_back({closing(code), "close " + std::to_string(code) + "\n", "close " + std::to_string(code) + "\n"});
  }
  expect_cases(cases);
}

TEST(SessionClose, ABadCloseIsAProtocolError) {
  std::vector<Case> cases = {
      {client_frame(kFin | kClose, "\x03"), "failed 1002 a close code has two bytes\n", "close 1002\n"},
      {closing(1000, "\xce\xba\xed\xa0\x80"), "failed 1007 the reason for closing must be UTF-8\n", "close 1007\n"},
      {closing(1000, "\xce"), "failed 1007 the reason for closing must be UTF-8\n", "close 1007\n"},
  };
  for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65'535u})
    cases.push_back({closing(code), "failed 1002 the close code is none that may be sent\n", "close 1002\n"});
  expect_cases(cases);
}

TEST(SessionClose, AfterCloseTheClientsAnswerIsAwaitedAndNothingElseHeard) {
  SessionBench bench;
  bench.feed(client_frame(kText, "half a message"));
  bench.session.ping("waits");
  bench.session.close(CloseCode::kGoingAway, "the hub restarts");
  EXPECT_FALSE(bench.session.is_open());
  EXPECT_FALSE(bench.session.wants_close());
  std::string_view sent = bench.session.output();
  EXPECT_EQ(take_server_frame(sent), (ServerFrame{kFin | kPing, "waits"}));
  EXPECT_EQ(take_server_frame(sent), (ServerFrame{kFin | kClose, close_payload(1001, "the hub restarts")}));
  EXPECT_EQ(sent, "");
  bench.send();

  bench.session.close(CloseCode::kNormal, "again");
  bench.session.ping("late");
  bench.feed(client_frame(kFin | kContinuation, "\xff no text") + client_frame(kFin | kPing, "late") +
             client_frame(kFin | kPong, "late") + client_frame(kFin | kText, "late"));
  EXPECT_EQ(bench.recorder.events, "");
  EXPECT_EQ(bench.session.output(), "");
  bench.feed(closing(1001, "good bye") + "more");
  EXPECT_EQ(bench.recorder.events, "close 1001 good bye\n");
  EXPECT_EQ(bench.session.output(), "") << "a Close is not answered twice";
  EXPECT_TRUE(bench.session.wants_close());
}

TEST(SessionClose, ARuleBrokenAfterCloseEndsTheWaiting) {
  SessionBench bench;
  bench.session.close(CloseCode::kNormal, "");
  EXPECT_EQ(described(bench.send()), "close 1000\n");
  bench.feed(client_frame(kFin | 3, ""));
  EXPECT_EQ(bench.recorder.events, "failed 1002 the opcode is a reserved one\n");
  EXPECT_EQ(bench.session.output(), "");
  EXPECT_TRUE(bench.session.wants_close());
}

// The owner may close in any event, also while a message is being inflated.
TEST(SessionClose, MayComeOutOfEveryEvent) {
  const std::string message = deflated(std::string(20'000, 'x'));
  for (const std::string_view when : {"begin", "data", "end", "pong"}) {
    SessionBench bench(DeflateTerms{});
    bench.recorder.then = [&](std::string_view event) {
      if (event == when) bench.session.close(CloseCode::kPolicyViolation, "enough");
    };
    bench.feed(client_frame(kFin | kPong, "q") + client_frame(kFin | kRsv1 | kText, message) +
               client_frame(kFin | kRsv1 | kText, message) + closing(1008));
    EXPECT_EQ(described(bench.send()), "close 1008\n") << when;
    EXPECT_TRUE(bench.recorder.events.ends_with("close 1008\n")) << when;
    EXPECT_EQ(bench.recorder.is_over, true) << when;
    EXPECT_EQ(bench.session.memory_bytes(), SessionBench().session.memory_bytes()) << when;
  }
}

TEST(SessionClose, WhatTheSessionSaysItselfFitsIntoACloseFrame) {
  SessionBench bench;
  bench.feed(client_frame(kFin | kContinuation, ""));
  std::string_view sent = bench.session.output();
  const auto frame = take_server_frame(sent);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload, close_payload(1002, "a continuation frame without a message to continue"));
}

TEST(SessionCloseDeathTest, WhatOnlyABugCanCauseIsAsserted) {
  SessionBench bench;
  EXPECT_DEATH(bench.session.close(CloseCode::kNone, ""), "is_on_the_wire");
  EXPECT_DEATH(bench.session.close(CloseCode::kNormal, "\xff"), "is_valid_utf8");
  EXPECT_DEATH(bench.session.close(CloseCode::kNormal, std::string(124, 'r')), "kControlPayloadMax");
  EXPECT_DEATH(bench.session.ping(std::string(126, 'p')), "kControlPayloadMax");
  EXPECT_DEATH(bench.session.consume_output(1), "");
}

}  // namespace
}  // namespace fanfare::websocket
