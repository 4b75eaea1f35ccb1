// The rules of frames, messages and fragments (RFC 6455 sections 5.1 to 5.7): the ground that sections 1 to 5 of the
// Autobahn test suite cover.
#include "testing/websocket/session_cases.h"

namespace fanfare::websocket {
namespace {

using namespace websocket_testing;

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

Case failing(std::string bytes, std::string_view reason, std::string before = {}) {
  return {std::move(bytes), std::move(before) + "failed 1002 " + std::string(reason) + "\n", "close 1002\n"};
}

// The examples of section 5.7 that a client may send.
TEST(SessionFrames, TheExamplesOfTheSpecificationAreRead) {
  const std::string hello = bytes_of({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
  const std::string pong = bytes_of({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
  EXPECT_EQ(hello, client_frame(kFin | kText, "Hello"));
  const Case cases[] = {{hello, "text Hello\n", ""}, {pong, "pong Hello\n", ""}};
  expect_cases(cases);
}

TEST(SessionFrames, MessagesOfEveryLengthFormAreDelivered) {
  for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 124u, 125u, 126u, 127u, 128u, 65'535u, 65'536u}) {
    const std::string text(size, '*');
    std::string binary;
    for (std::size_t i = 0; i < size; ++i) binary.push_back(static_cast<char>(0xfe + i * 7));
    const Case cases[] = {
        {client_frame(kFin | kText, text), "text " + text + "\n", ""},
        {client_frame(kFin | kBinary, binary), "binary " + binary + "\n", ""},
    };
    expect_cases(cases);
  }
}

TEST(SessionFrames, AnyMaskIsTakenOffAtAnyOffset) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (const Mask mask : {Mask{0, 0, 0, 0}, Mask{0xff, 0, 0xff, 1}, Mask{1, 2, 3, 4}}) {
    const Case cases[] = {{client_frame(kFin | kText, text, mask) + client_frame(kFin | kText, "x", kMask),
                           "text " + text + "\ntext x\n", ""}};
    expect_cases(cases);
    SessionBench bench;
    const std::string frame = client_frame(kFin | kText, text, mask);
    for (std::size_t at = 0; at < frame.size(); at += 11) bench.feed(std::string_view(frame).substr(at, 11));
    EXPECT_EQ(bench.recorder.events, "text " + text + "\n");
  }
}

TEST(SessionFrames, PingsAreAnsweredWithTheirPayload) {
  const std::string full(125, 'p');
  const std::string bytes("\0\xff\xfe\x80", 4);
  std::string ten;
  std::string pongs;
  for (int i = 0; i < 10; ++i) {
    ten += client_frame(kFin | kPing, "payload-" + std::to_string(i));
    pongs += "pong payload-" + std::to_string(i) + "\n";
  }
  const Case cases[] = {
      {client_frame(kFin | kPing, ""), "", "pong \n"},
      {client_frame(kFin | kPing, "Hello"), "", "pong Hello\n"},
      {client_frame(kFin | kPing, bytes), "", "pong " + bytes + "\n"},
      {client_frame(kFin | kPing, full), "", "pong " + full + "\n"},
      {ten, "", pongs},
      {client_frame(kFin | kPong, ""), "pong \n", ""},
      {client_frame(kFin | kPong, "unasked") + client_frame(kFin | kPing, "x"), "pong unasked\n", "pong x\n"},
  };
  expect_cases(cases);
}

TEST(SessionFrames, LongControlFramesAreRefused) {
  const Case cases[] = {
      failing(client_frame(kFin | kPing, std::string(126, 'p')), "a control frame has 125 bytes at most"),
      failing(client_frame(kFin | kPong, std::string(126, 'p')), "a control frame has 125 bytes at most"),
      failing(client_frame(kFin | kClose, close_payload(1000, std::string(124, 'r'))),
              "a control frame has 125 bytes at most"),
      failing(client_frame(kFin | kPing, "p", kMask, LengthForm::kTwoBytes), "a control frame has 125 bytes at most"),
      failing(client_frame_head(kFin | kPing, 65'536), "a control frame has 125 bytes at most"),
  };
  expect_cases(cases);
}

TEST(SessionFrames, ReservedBitsAreRefused) {
  const std::string good = client_frame(kFin | kText, "ok");
  std::vector<Case> cases;
  for (const unsigned opcode : {kText, kBinary, kClose, kPing, kPong}) {
    for (const unsigned bits : {kRsv2, kRsv3, kRsv2 | kRsv3, kRsv1 | kRsv2, kRsv1 | kRsv2 | kRsv3})
      cases.push_back(failing(good + client_frame(kFin | bits | opcode, "x"), "RSV2 and RSV3 must be 0", "text ok\n"));
    cases.push_back(failing(good + client_frame(kFin | kRsv1 | opcode, "x"),
                            "RSV1 is set, but no extension is agreed on", "text ok\n"));
  }
  expect_cases(cases);
}

TEST(SessionFrames, ReservedOpcodesAreRefusedInAndOutsideMessages) {
  std::vector<Case> cases;
  for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 0xbu, 0xcu, 0xdu, 0xeu, 0xfu}) {
    cases.push_back(failing(client_frame(kFin | opcode, ""), "the opcode is a reserved one"));
    cases.push_back(failing(client_frame(kText, "a") + client_frame(opcode, "x"), "the opcode is a reserved one"));
  }
  expect_cases(cases);
}

TEST(SessionFrames, FramesWithoutAMaskAreRefused) {
  const Case cases[] = {
      failing(bytes_of({0x81, 0x05, 'H', 'e', 'l', 'l', 'o'}), "a client must mask its frames"),
      failing(bytes_of({0x89, 0x00}), "a client must mask its frames"),
      failing(bytes_of({0x88, 0x02, 0x03, 0xe8}), "a client must mask its frames"),
  };
  expect_cases(cases);
}

TEST(SessionFrames, LengthsHaveTheirShortestFormAnd63Bits) {
  const auto text = [](std::size_t size, LengthForm form) {
    return client_frame(kFin | kText, std::string(size, 'x'), kMask, form);
  };
  constexpr std::string_view kReason = "a length must be written in its shortest form";
  const Case cases[] = {
      failing(text(0, LengthForm::kTwoBytes), kReason),
      failing(text(125, LengthForm::kTwoBytes), kReason),
      failing(text(0, LengthForm::kEightBytes), kReason),
      failing(text(126, LengthForm::kEightBytes), kReason),
      failing(text(65'535, LengthForm::kEightBytes), kReason),
      failing(client_frame_head(kFin | kText, std::uint64_t{1} << 63), "a length has 63 bits at most"),
      failing(client_frame_head(kFin | kText, ~std::uint64_t{0}), "a length has 63 bits at most"),
  };
  expect_cases(cases);
}

TEST(SessionFrames, FragmentsMakeOneMessageAndControlFramesMayStandBetweenThem) {
  const std::string ping = client_frame(kFin | kPing, "p");
  const std::string pong = client_frame(kFin | kPong, "q");
  const Case cases[] = {
      {client_frame(kText, "ab") + client_frame(kFin | kContinuation, "cd"), "text abcd\n", ""},
      {client_frame(kBinary, "ab") + client_frame(kFin | kContinuation, "\xff"), "binary ab\xff\n", ""},
      {client_frame(kText, "ab") + ping + client_frame(kFin | kContinuation, "cd"), "text abcd\n", "pong p\n"},
      {client_frame(kText, "a") + ping + client_frame(kContinuation, "b") + pong + client_frame(kContinuation, "c") +
           ping + client_frame(kFin | kContinuation, "d") + client_frame(kFin | kText, "e"),
       "pong q\ntext abcd\ntext e\n", "pong p\npong p\n"},
      {client_frame(kText, "") + client_frame(kContinuation, "") + client_frame(kFin | kContinuation, ""), "text \n",
       ""},
      {client_frame(kText, "") + client_frame(kContinuation, "mid") + client_frame(kFin | kContinuation, ""),
       "text mid\n", ""},
  };
  expect_cases(cases);
}

TEST(SessionFrames, FragmentsOutOfOrderAreRefused) {
  constexpr std::string_view kLoose = "a continuation frame without a message to continue";
  constexpr std::string_view kEarly = "a message begins before the last one has ended";
  const std::string whole = client_frame(kFin | kText, "ok");
  const Case cases[] = {
      failing(client_frame(kFin | kContinuation, "x"), kLoose),
      failing(client_frame(kContinuation, "x"), kLoose),
      failing(whole + client_frame(kFin | kContinuation, "x"), kLoose, "text ok\n"),
      failing(client_frame(kText, "a") + client_frame(kFin | kContinuation, "b") + client_frame(kContinuation, "c"),
              kLoose, "text ab\n"),
      failing(client_frame(kText, "a") + client_frame(kFin | kText, "b"), kEarly),
      failing(client_frame(kText, "a") + client_frame(kBinary, "b"), kEarly),
      failing(client_frame(kBinary, "a") + client_frame(kContinuation, "b") + client_frame(kFin | kText, "c"), kEarly),
      failing(client_frame(kPing, "x"), "a control frame must not be fragmented"),
      failing(client_frame(kPong, "x"), "a control frame must not be fragmented"),
      failing(client_frame(kClose, ""), "a control frame must not be fragmented"),
      failing(client_frame(kText, "a") + client_frame(kPing, "x"), "a control frame must not be fragmented"),
  };
  expect_cases(cases);
}

TEST(SessionFrames, NothingIsReadAfterTheEnd) {
  const std::string bad = client_frame(kFin | 3, "");
  const std::string good = client_frame(kFin | kText, "late") + client_frame(kFin | kPing, "late");
  const Case cases[] = {
      failing(bad + good + bad, "the opcode is a reserved one"),
      {client_frame(kFin | kClose, "") + good + bad, "close 1005\n", "close\n"},
  };
  expect_cases(cases);
}

TEST(SessionFrames, AMessageIsSeenAsItComes) {
  SessionBench bench;
  bench.feed(client_frame_head(kFin | kText, 5, {0, 0, 0, 0}));
  EXPECT_TRUE(bench.recorder.in_message);
  bench.feed("Hel");
  EXPECT_EQ(bench.recorder.data, "Hel");
  bench.feed("lo");
  EXPECT_EQ(bench.recorder.events, "text Hello\n");
  EXPECT_EQ(bench.session.memory_bytes(), SessionBench().session.memory_bytes()) << "nothing was held";
}

}  // namespace
}  // namespace fanfare::websocket
