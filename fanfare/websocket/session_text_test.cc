// Text is UTF-8, told as early as can be (RFC 6455 section 8.1; section 6 of the Autobahn test suite), and so it is
// after inflating (RFC 7692 section 6.2; Autobahn's sections 12 and 13).
#include "testing/websocket/session_cases.h"

namespace fanfare::websocket {
namespace {

using namespace websocket_testing;

constexpr std::string_view kNotUtf8 = "failed 1007 text must be UTF-8\n";
constexpr std::string_view kCut = "failed 1007 text must be UTF-8; its last character is cut off\n";
constexpr DeflateTerms kDeflate = {};
constexpr std::string_view kBytes("\x00\x00\xff\xff\x00", 5);

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

TEST(SessionText, ValidTextIsDeliveredHoweverItIsFragmented) {
  const std::string texts[] = {
      "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
      "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
      std::string("\x00", 1),
      "\x7f\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf",
      "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xef\xbf\xbe",
      "\xf0\x90\x80\x80",
  };
  for (const std::string& text : texts) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      const Case cases[] = {{client_frame(kText, text.substr(0, cut)) + client_frame(kFin | kPing, "") +
                                 client_frame(kFin | kContinuation, text.substr(cut)),
                             "text " + text + "\n", "pong \n"}};
      expect_cases(cases);
    }
  }
}

TEST(SessionText, WhatIsNotUtf8EndsTheConnection) {
  const std::string bad[] = {
      "\x80",
      "\xbf",
      "\x80\xbf\x80",
      "\xfe",
      "\xff",
      "\xfe\xfe\xff\xff",
      "\xc0\xaf",
      "\xe0\x80\xaf",
      "\xf0\x80\x80\xaf",
      "\xf8\x80\x80\x80\xaf",
      "\xfc\x80\x80\x80\x80\xaf",
      "\xc1\xbf",
      "\xe0\x9f\xbf",
      "\xf0\x8f\xbf\xbf",
      "\xed\xa0\x80",
      "\xed\xbf\xbf",
      "\xed\xa0\x80\xed\xb0\x80",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64",
  };
  std::vector<Case> cases;
  for (const std::string& text : bad) {
    cases.push_back({client_frame(kFin | kText, text), std::string(kNotUtf8), "close 1007\n"});
    cases.push_back({client_frame(kText, "ok ") + client_frame(kFin | kContinuation, text + " more"),
                     std::string(kNotUtf8), "close 1007\n"});
  }
  for (const std::string cut : {"\xc2", "\xe1\xbd", "\xf0\x90\x80", "\xf4\x8f\xbf"}) {
    cases.push_back({client_frame(kFin | kText, cut), std::string(kCut), "close 1007\n"});
    cases.push_back(
        {client_frame(kText, cut) + client_frame(kFin | kContinuation, ""), std::string(kCut), "close 1007\n"});
  }
  expect_cases(cases);
  const Case binary[] = {{client_frame(kFin | kBinary, bad[0]), "binary " + bad[0] + "\n", ""}};
  expect_cases(binary);
}

TEST(SessionText, EachMessageBeginsAnew) {
  const Case cases[] = {
      {client_frame(kBinary, "\xf0\x90") + client_frame(kFin | kContinuation, "") + client_frame(kFin | kText, "ok"),
       "binary \xf0\x90\ntext ok\n", ""}};
  expect_cases(cases);
}

// Autobahn 6.4: the first byte that cannot stand there is enough, in the middle of a frame.
TEST(SessionText, TheFirstByteThatCannotStandThereEndsTheConnection) {
  const std::string text = "\xce\xba\xf4\x90\x80\x80 and more";
  const std::string frame = client_frame(kFin | kText, text);
  const std::string packed = deflated(text);
  const std::string compressed = client_frame(kFin | kRsv1 | kText, packed);
  SessionBench bench;
  bench.feed(frame.substr(0, frame.size() - text.size() + 3));
  EXPECT_FALSE(bench.recorder.is_over);
  bench.feed(frame.substr(frame.size() - text.size() + 3, 1));
  EXPECT_EQ(bench.recorder.events, kNotUtf8);

  SessionBench inflating(kDeflate);
  for (std::size_t i = 0; i + 2 < compressed.size(); ++i) inflating.feed(compressed.substr(i, 1));
  EXPECT_EQ(inflating.recorder.events, kNotUtf8) << "before the message has ended";
}

// RFC 7692 section 7.2.3.
TEST(SessionDeflate, TheExamplesOfTheSpecificationAreInflated) {
  const std::string hello = bytes_of({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});
  const std::string stored = bytes_of({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00});
  const std::string final_block = bytes_of({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00});
  const std::string two_blocks =
      bytes_of({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00});
  const Case cases[] = {
      {client_frame(kFin | kRsv1 | kText, hello), "text Hello\n", ""},
      {client_frame(kRsv1 | kText, hello.substr(0, 3)) + client_frame(kFin | kContinuation, hello.substr(3)),
       "text Hello\n", ""},
      {client_frame(kFin | kRsv1 | kText, stored), "text Hello\n", ""},
      {client_frame(kFin | kRsv1 | kText, final_block), "text Hello\n", ""},
      {client_frame(kFin | kRsv1 | kText, two_blocks), "text Hello\n", ""},
      {client_frame(kFin | kRsv1 | kText, std::string(1, '\0')), "text \n", ""},
      {client_frame(kFin | kRsv1 | kText, bytes_of({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}) + hello),
       "text HelloHello\n", ""},
  };
  expect_cases(cases, kDeflate);
}

TEST(SessionDeflate, EveryMessageStandsAlone) {
  const std::string hello = client_frame(kFin | kRsv1 | kText, deflated("Hello"));
  // The second message of 7.2.3.2 refers to the first, which we have not agreed to.
  const std::string referring = client_frame(kFin | kRsv1 | kText, bytes_of({0xf2, 0x00, 0x11, 0x00, 0x00}));
  const Case cases[] = {
      {hello + client_frame(kFin | kText, "plain") + hello, "text Hello\ntext plain\ntext Hello\n", ""},
      {client_frame(kRsv1 | kText, deflated("Hello")) + client_frame(kFin | kPing, "x") +
           client_frame(kFin | kContinuation, ""),
       "text Hello\n", "pong x\n"},
      {hello + referring, "text Hello\nfailed 1007 the compressed message is no deflate\n", "close 1007\n"},
  };
  expect_cases(cases, kDeflate);
}

TEST(SessionDeflate, Rsv1BelongsToTheFirstFrameOfAMessage) {
  const auto failing = [](std::string bytes, std::string_view reason) {
    return Case{std::move(bytes), "failed 1002 " + std::string(reason) + "\n", "close 1002\n"};
  };
  const Case cases[] = {
      failing(client_frame(kRsv1 | kText, "\xf2\x48") + client_frame(kFin | kRsv1 | kContinuation, "\xcd"),
              "RSV1 belongs to the first frame of a message only"),
      failing(client_frame(kText, "a") + client_frame(kFin | kRsv1 | kContinuation, "\xcd"),
              "RSV1 belongs to the first frame of a message only"),
      failing(client_frame(kFin | kRsv1 | kPing, ""), "a control frame must not be compressed"),
      failing(client_frame(kFin | kRsv1 | kClose, ""), "a control frame must not be compressed"),
      failing(client_frame(kFin | kRsv2 | kText, ""), "RSV2 and RSV3 must be 0"),
  };
  expect_cases(cases, kDeflate);
}

TEST(SessionDeflate, InflatedTextMustBeUtf8) {
  const Case cases[] = {
      {client_frame(kFin | kRsv1 | kText, deflated("ok \xed\xa0\x80")), std::string(kNotUtf8), "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, deflated("ok \xf0\x90\x80")), std::string(kCut), "close 1007\n"},
      {client_frame(kFin | kRsv1 | kBinary, deflated("\xed\xa0\x80")), "binary \xed\xa0\x80\n", ""},
      {client_frame(kFin | kRsv1 | kBinary, deflated(kBytes)), "binary " + std::string(kBytes) + "\n", ""},
  };
  expect_cases(cases, kDeflate);
}

TEST(SessionDeflate, WhatIsNoDeflateOrCutOffEndsTheConnection) {
  const std::string whole = deflated("Hello, Hello, Hello, Hello, and so on");
  const std::string cut_off = "failed 1007 the compressed message is cut off\n";
  const std::string no_deflate = "failed 1007 the compressed message is no deflate\n";
  // What stands before the fault is judged first, also if both come at once.
  const std::string after_a_block = deflated("\xff") + bytes_of({0x00, 0x00, 0xff, 0xff, 0x07});
  const Case cases[] = {
      {client_frame(kFin | kRsv1 | kText, after_a_block), std::string(kNotUtf8), "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, "\xff\xff\xff"), no_deflate, "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, bytes_of({0x00, 0x05, 0x00, 0x00, 0x00})), no_deflate, "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, ""), cut_off, "close 1007\n"},
      {client_frame(kFin | kRsv1 | kBinary, whole.substr(0, whole.size() - 3)), cut_off, "close 1007\n"},
      {client_frame(kFin | kRsv1 | kText, bytes_of({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00})), cut_off,
       "close 1007\n"},
  };
  expect_cases(cases, kDeflate);
}

TEST(SessionDeflate, WindowsOfEverySizeThatIsAgreedAreInflated) {
  std::string text;
  for (int i = 0; text.size() < 60'000; ++i) text += "line " + std::to_string(i * i % 997) + "\n";
  for (const int bits : {8, 9, 10, 15}) {
    const DeflateTerms terms{.client_window_bits = static_cast<std::uint8_t>(bits)};
    // zlib makes 9 of 8: so does many a client.
    const Case cases[] = {
        {client_frame(kFin | kRsv1 | kText, deflated(text, std::max(bits, 9))), "text " + text + "\n", ""}};
    expect_cases(cases, terms);
  }
}

}  // namespace
}  // namespace fanfare::websocket
