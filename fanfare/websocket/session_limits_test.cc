// What a client can make a session do or hold is bounded: sizes of messages, bombs, floods, sockets that take nothing.
#include "testing/websocket/session_cases.h"

namespace fanfare::websocket {
namespace {

using namespace websocket_testing;

constexpr DeflateTerms kDeflate = {};
constexpr std::string_view kTooBig = "failed 1009 the message is too big\n";
constexpr std::string_view kTooBigInflated = "failed 1009 the message is too big when inflated\n";
constexpr std::string_view kFlood = "failed 1008 too many control frames or empty ones\n";

Limits small() {
  Limits limits;
  limits.websocket_message_bytes_max = 100;
  return limits;
}

std::size_t idle_bytes() {
  return SessionBench().session.memory_bytes();
}

TEST(SessionLimits, AMessageThatIsTooBigIsRefusedByItsHead) {
  const std::string most(100, 'm');
  const Case cases[] = {
      {client_frame(kFin | kText, most), "text " + most + "\n", ""},
      {client_frame_head(kFin | kText, 101), std::string(kTooBig), "close 1009\n"},
      {client_frame_head(kFin | kBinary, (std::uint64_t{1} << 63) - 1), std::string(kTooBig), "close 1009\n"},
      {client_frame(kText, most.substr(50)) + client_frame(kFin | kContinuation, most.substr(50)),
       "text " + most + "\n", ""},
      {client_frame(kText, most) + client_frame_head(kContinuation, 1), std::string(kTooBig), "close 1009\n"},
      {client_frame(kText, "a") + client_frame_head(kContinuation, (std::uint64_t{1} << 63) - 1), std::string(kTooBig),
       "close 1009\n"},
  };
  expect_cases(cases, std::nullopt, small());
}

TEST(SessionLimits, ACompressedMessageIsMeasuredWhenInflated) {
  const std::string most(100, 'm');
  const std::string random =
      "7ab8d1e0c7f3a95b2d64c8e1f0a3b7d9e5c2146f8b0d7a3e9c5f1b2d8e4a6079cb3d5f7e1a2846b09dcef13572a4c6e8b0df";
  const Case cases[] = {
      {client_frame(kFin | kRsv1 | kText, deflated(most)), "text " + most + "\n", ""},
      {client_frame(kFin | kRsv1 | kText, deflated(random.substr(0, 100))), "text " + random.substr(0, 100) + "\n", ""},
      {client_frame(kFin | kRsv1 | kText, deflated(most + "m")), std::string(kTooBigInflated), "close 1009\n"},
      {client_frame(kFin | kRsv1 | kText, deflated(most.substr(1) + "\xff\xff")), "failed 1007 text must be UTF-8\n",
       "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, deflated(most + "\xff")), std::string(kTooBigInflated), "close 1009\n"},
      {client_frame_head(kFin | kRsv1 | kText, 177), std::string(kTooBig), "close 1009\n"},
  };
  expect_cases(cases, kDeflate, small());
}

TEST(SessionLimits, ABombIsInflatedNoFurtherThanTheLimit) {
  SessionBench bench(kDeflate);
  std::size_t largest = 0;
  bench.recorder.then = [&](std::string_view) { largest = std::max(largest, bench.session.memory_bytes()); };
  const std::string bomb = deflated(std::string(40'000'000, '0'));
  ASSERT_LT(bomb.size(), bench.limits.websocket_message_bytes_max);
  bench.feed(client_frame(kFin | kRsv1 | kBinary, bomb));
  EXPECT_EQ(bench.recorder.events, kTooBigInflated);
  EXPECT_LE(bench.recorder.data.size(), bench.limits.websocket_message_bytes_max);
  EXPECT_LT(largest, 45'000u);
}

TEST(SessionLimits, AnInflaterLivesAsLongAsAMessage) {
  for (const auto& [bits, bytes] : {std::pair(15, 45'000), std::pair(10, 9'000)}) {
    SessionBench bench(DeflateTerms{.client_window_bits = static_cast<std::uint8_t>(bits)});
    EXPECT_EQ(bench.session.memory_bytes(), idle_bytes());
    bench.feed(client_frame(kRsv1 | kText, deflated(std::string(40'000, 'x'), bits)));
    EXPECT_GT(bench.session.memory_bytes(), 7'000u);
    EXPECT_LT(bench.session.memory_bytes(), static_cast<std::size_t>(bytes));
    bench.feed(client_frame(kFin | kContinuation, ""));
    EXPECT_EQ(bench.session.memory_bytes(), idle_bytes());
  }
}

TEST(SessionLimits, AnIdleSessionHoldsAlmostNothing) {
  SessionBench bench(kDeflate);
  EXPECT_LE(idle_bytes(), 152u);
  bench.feed(client_frame(kFin | kPing, std::string(125, 'p')).substr(0, 40));
  EXPECT_GT(bench.session.memory_bytes(), idle_bytes()) << "a part of a control frame is held";
  bench.feed(client_frame(kFin | kPing, std::string(125, 'p')).substr(40));
  EXPECT_GT(bench.session.memory_bytes(), idle_bytes()) << "its answer waits";
  bench.send();
  EXPECT_EQ(bench.session.memory_bytes(), idle_bytes());
}

TEST(SessionLimits, FloodsOfControlFramesEndTheConnection) {
  Limits limits;
  limits.websocket_control_frames_per_s = 2;
  limits.burst_s = 3;
  const std::string frames[] = {client_frame(kFin | kPing, "x"), client_frame(kFin | kPong, "x"),
                                client_frame(kFin | kText, ""), client_frame(kFin | kRsv1 | kPing, "")};
  for (std::size_t i = 0; i < 3; ++i) {
    SessionBench bench(std::nullopt, limits);
    for (int n = 0; n < 6; ++n) bench.feed(frames[i]);
    EXPECT_FALSE(bench.recorder.is_over) << i;
    bench.now_ms += 1'000;
    for (int n = 0; n < 2; ++n) bench.feed(frames[i]);
    EXPECT_FALSE(bench.recorder.is_over) << i;
    bench.feed(client_frame(kFin | kText, "messages count for nothing"));
    bench.feed(frames[i]);
    EXPECT_TRUE(bench.recorder.events.ends_with(kFlood)) << i;
    EXPECT_TRUE(described(bench.send()).ends_with("close 1008\n"));
  }
  limits.websocket_control_frames_per_s = 0;
  SessionBench unbounded(std::nullopt, limits);
  for (int n = 0; n < 10'000; ++n) unbounded.feed(frames[0]);
  EXPECT_FALSE(unbounded.recorder.is_over);
}

TEST(SessionLimits, EmptyFragmentsAreAFloodToo) {
  SessionBench bench;
  bench.feed(client_frame(kText, "a"));
  for (int n = 0; n < 1'000; ++n) bench.feed(client_frame(kContinuation, ""));
  EXPECT_EQ(bench.recorder.events, kFlood);
}

TEST(SessionLimits, OfPongsThatCannotBeSentTheNewestIsKept) {
  SessionBench bench;
  const auto payload = [](int n) { return std::to_string(1'000 + n) + std::string(100, 'p'); };
  bench.feed(client_frame(kFin | kPing, payload(0)));
  bench.session.consume_output(5);  // the first has begun: it must be sent to its end
  std::string sent = "pong " + payload(0) + "\n";
  for (int n = 1; n <= 400; ++n) {
    bench.feed(client_frame(kFin | kPing, payload(n)));
    bench.session.ping("p" + std::to_string(n));
    ASSERT_LT(bench.session.output().size(), 1'000u);
  }
  bench.session.close(CloseCode::kNormal, std::string(123, 'r'));
  ASSERT_LT(bench.session.output().size(), 1'000u);
  ASSERT_LT(bench.session.memory_bytes(), 2'500u);
  std::string frames("\x8a\x68" + payload(0).substr(0, 3));
  frames += bench.send();
  const std::string lines = described(frames);
  EXPECT_TRUE(lines.starts_with("pong " + payload(0) + "\n"));
  EXPECT_NE(lines.find("pong " + payload(400) + "\n"), std::string::npos);
  EXPECT_NE(lines.find("ping p400\n"), std::string::npos);
  EXPECT_EQ(lines.find("ping p399\n"), std::string::npos) << "of pings that wait there is only the newest";
  EXPECT_TRUE(lines.ends_with("close 1000\n"));
}

// However much of the output is taken at a time, it comes out in order.
TEST(SessionLimits, OutputIsTakenInPiecesOfAnySize) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    SessionBench bench;
    std::string sent;
    for (int n = 0; n < 5; ++n) {
      bench.feed(client_frame(kFin | kPing, "ping " + std::to_string(n)));
      const std::size_t taken = std::min(piece, bench.session.output().size());
      sent += bench.session.output().substr(0, taken);
      bench.session.consume_output(taken);
    }
    sent += bench.send();
    EXPECT_EQ(described(sent), "pong ping 0\npong ping 1\npong ping 2\npong ping 3\npong ping 4\n") << piece;
    EXPECT_EQ(bench.session.memory_bytes(), idle_bytes());
  }
}

TEST(SessionLimits, AreReadAnewForEachFrame) {
  SessionBench bench;
  bench.feed(client_frame(kText, std::string(200, 'x')));
  bench.limits.websocket_message_bytes_max = 100;
  bench.feed(client_frame(kFin | kContinuation, ""));
  EXPECT_EQ(bench.recorder.events, kTooBig);
}

}  // namespace
}  // namespace fanfare::websocket
