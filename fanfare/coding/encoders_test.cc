// The three kinds of encoders and the ends of streams, where splice_test.cc's schedules do not look: nothing leaks from
// one stream into another, memory is bounded, large updates, and the tools that users have.
#include <brotli/encode.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "fanfare/coding/group_encoder.h"
#include "fanfare/coding/primed_encoder.h"
#include "fanfare/coding/received_sum.h"
#include "fanfare/coding/standalone_encoder.h"
#include "testing/coding/decoder.h"

namespace fanfare {
namespace {

using coding_testing::decode;

constexpr std::size_t kKiB = 1024;

std::string event(int number) {
  return "data: {\"symbol\":\"ACME" + std::to_string(number * 7919 % 50) +
         "\",\"price\":" + std::to_string(number * 104'729 % 50'000) +
         ",\"time\":\"2024-05-01T12:00:" + std::to_string(number % 60) + "Z\",\"venue\":\"XNYS\",\"side\":\"buy\"}\n\n";
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(3);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string standalone(StandaloneEncoder& encoder, std::string_view plain) {
  std::string piece;
  encoder.encode(plain, piece);
  return piece;
}

std::string primed(PrimedEncoder& encoder, const RecentPlain& recent, std::string_view plain) {
  std::string piece;
  encoder.encode(recent, plain, piece);
  return piece;
}

std::string grouped(GroupEncoder& encoder, std::string_view plain, PieceEnd end = PieceEnd::kGoesOn) {
  std::string piece;
  encoder.encode(plain, end, piece);
  return piece;
}

std::string end_of(Coding coding, std::string_view plain) {
  std::string end;
  append_stream_end(coding, sum_of(coding, plain), end);
  return end;
}

class EveryCoding : public testing::TestWithParam<Coding> {};

INSTANTIATE_TEST_SUITE_P(Codings, EveryCoding,
                         testing::Values(Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate),
                         [](const auto& each) { return std::string(coding_name(each.param)); });

// What another audience sent, in many shapes: more than the windows, noise, the very bytes that come next.
std::vector<std::string> pasts() {
  return {event(1), event(2) + event(3), noise(300), noise(100 * kKiB), std::string(50 * kKiB, 'a'), "x"};
}

TEST_P(EveryCoding, AStandalonePieceDoesNotDependOnWhatWasEncodedBefore) {
  StandaloneEncoder used(GetParam());
  for (const auto& past : pasts()) {
    standalone(used, past);
    for (const auto& plain : pasts()) {
      StandaloneEncoder fresh(GetParam());
      EXPECT_EQ(standalone(used, plain), standalone(fresh, plain));
    }
  }
}

TEST_P(EveryCoding, AGroupAfterAResetPointIsAsANewOne) {
  for (const bool by_piece : {true, false}) {
    GroupEncoder used(GetParam());
    for (const auto& past : pasts()) {
      std::string out;
      grouped(used, past);
      used.encode(past, by_piece ? PieceEnd::kResetPoint : PieceEnd::kGoesOn, out);
      if (!by_piece) used.reset(out);
      GroupEncoder fresh(GetParam());
      for (const auto& plain : pasts()) EXPECT_EQ(grouped(used, plain), grouped(fresh, plain));
    }
  }
}

TEST(PrimedEncoder, APieceDependsOnItsOwnAudienceAlone) {
  PrimedEncoder used;
  for (const auto& past : pasts()) {
    RecentPlain others;
    others.append(past);
    primed(used, others, past);
    for (const auto& plain : pasts()) {
      PrimedEncoder fresh;
      EXPECT_EQ(primed(used, {}, plain), primed(fresh, {}, plain));
      RecentPlain recent;
      recent.append(event(5));
      EXPECT_EQ(primed(used, recent, plain), primed(fresh, recent, plain));
    }
  }
}

// The lengths of what an eavesdropper sees do not tell whether his guess was in another update.
TEST_P(EveryCoding, AnUpdateAloneIsNoShorterForWhatTheGroupSaidBefore) {
  GroupEncoder group(GetParam());
  StandaloneEncoder alone(GetParam());
  const std::string secret = "data: {\"token\":\"f3a9c05b7d\"}\n\n";
  const std::string piece = standalone(alone, secret);
  const std::string in_group_before = grouped(group, secret);
  EXPECT_LT(grouped(group, secret).size(), in_group_before.size()) << "a group does tell";
  EXPECT_EQ(standalone(alone, secret), piece);
}

TEST(RecentPlain, KeepsTheLast1024BytesWhateverTheirPieces) {
  std::minstd_rand random(1);
  std::string all;
  RecentPlain recent;
  for (int round = 0; round < 2'000; ++round) {
    const std::string text = noise(random() % 40 == 0 ? random() % 3'000 : random() % 100);
    recent.append(text);
    all.append(text);
    const std::size_t kept = std::min<std::size_t>(all.size(), 1024);
    ASSERT_EQ(recent.view(), std::string_view(all).substr(all.size() - kept));
    ASSERT_LE(recent.memory_bytes(), 1100u);
  }
  recent.forget();
  EXPECT_EQ(recent.view(), "");
}

TEST(RecentPlain, CostsNothingBeforeTheFirstUpdate) {
  EXPECT_EQ(RecentPlain().memory_bytes(), 0u);
  EXPECT_LE(sizeof(RecentPlain), 32u);
}

TEST(PrimedEncoder, RefersToBytesThatCameInAnyForm) {
  StandaloneEncoder alone(Coding::kGzip);
  GroupEncoder group(Coding::kGzip);
  PrimedEncoder encoder;
  RecentPlain recent;
  std::string stream(stream_head(Coding::kGzip));
  std::string plain;
  const auto send = [&](const std::string& piece, const std::string& text) {
    stream.append(piece);
    plain.append(text);
    recent.append(text);
  };
  send(grouped(group, event(1)), event(1));
  send(standalone(alone, event(2)), event(2));
  send(primed(encoder, recent, event(1)), event(1));
  const std::string last = primed(encoder, recent, event(2));
  EXPECT_LT(last.size(), 15u) << "it should be one reference";
  send(last, event(2));
  stream.append(end_of(Coding::kGzip, plain));
  EXPECT_EQ(decode(Coding::kGzip, stream, 1), plain);
}

// Why RecentPlain must forget when somebody joins: for a reader of other bytes the piece is wrong, and no checksum in
// the middle of a stream would tell.
TEST(PrimedEncoder, APieceIsWrongForWhoGotOtherBytes) {
  PrimedEncoder encoder;
  StandaloneEncoder alone(Coding::kGzip);
  RecentPlain recent;
  recent.append(event(1));
  const std::string stream = std::string(stream_head(Coding::kGzip)) + standalone(alone, noise(200)) +
                             primed(encoder, recent, event(1)) + end_of(Coding::kGzip, noise(200) + event(1));
  EXPECT_EQ(decode(Coding::kGzip, stream, 100), std::nullopt);
}

TEST_P(EveryCoding, LargePiecesOfEveryKindAreWhole) {
  const Coding coding = GetParam();
  std::string text;
  for (int i = 0; text.size() < 1024 * kKiB; ++i) text.append(event(i));
  StandaloneEncoder alone(coding);
  GroupEncoder group(coding);
  PrimedEncoder primed_encoder;
  for (const auto& large : {noise(1024 * kKiB + 1), text, noise(16 * kKiB), noise(8 * kKiB - 1)}) {
    std::string stream(stream_head(coding));
    stream.append(standalone(alone, large)).append(grouped(group, large)).append(grouped(group, large));
    stream.append(group_exit(group.frame()));
    std::string plain = large;
    plain.append(large).append(large);
    if (coding == Coding::kGzip || coding == Coding::kDeflate) {
      RecentPlain recent;
      recent.append(large);
      stream.append(primed(primed_encoder, recent, large));
      plain.append(large);
    }
    stream.append(end_of(coding, plain));
    EXPECT_TRUE(decode(coding, stream, stream.size()) == plain);
    EXPECT_TRUE(decode(coding, stream, 1'000) == plain);
    grouped(group, "x", PieceEnd::kResetPoint);
  }
}

TEST_P(EveryCoding, EventsShrinkThreeTimesInAGroup) {
  GroupEncoder group(GetParam());
  PrimedEncoder encoder;
  RecentPlain recent;
  std::size_t plain_bytes = 0;
  std::size_t group_bytes = 0;
  std::size_t primed_bytes = 0;
  for (int i = 0; i < 500; ++i) {
    plain_bytes += event(i).size();
    group_bytes += grouped(group, event(i)).size();
    primed_bytes += primed(encoder, recent, event(i)).size();
    recent.append(event(i));
  }
  EXPECT_GT(plain_bytes, 3 * group_bytes);
  EXPECT_GT(plain_bytes, 3 * primed_bytes);
}

struct Memory {
  std::size_t group;
  std::size_t standalone;
};

Memory memory_max(Coding coding) {
  if (coding == Coding::kZstd) return {110 * kKiB, 1200 * kKiB};
  if (coding == Coding::kBr) return {600 * kKiB, 4 * kKiB};
  return {72 * kKiB, 270 * kKiB};
}

TEST_P(EveryCoding, MemoryIsBoundedWhateverTheInput) {
  const Memory max = memory_max(GetParam());
  GroupEncoder group(GetParam());
  StandaloneEncoder alone(GetParam());
  for (const auto& plain : {event(1), std::string(1024 * kKiB, 'a'), noise(1024 * kKiB), event(2)}) {
    grouped(group, plain);
    EXPECT_LE(group.memory_bytes(), max.group);
    EXPECT_GE(group.memory_bytes(), 50 * kKiB) << "its state is not counted";
    standalone(alone, plain);
    EXPECT_LE(alone.memory_bytes(), max.standalone);
  }
  EXPECT_LE(PrimedEncoder().memory_bytes(), 73 * kKiB);
}

TEST_P(EveryCoding, AStreamMayEndBeforeAnyPiece) {
  const std::string stream = std::string(stream_head(GetParam())) + end_of(GetParam(), "");
  EXPECT_EQ(decode(GetParam(), stream, 1), "");
  EXPECT_EQ(decode(GetParam(), stream.substr(0, stream.size() - 1), 100), std::nullopt);
}

TEST(StreamBounds, TheBrotliHeadAndEndAreTheEncodersOwn) {
  struct Destroy {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };
  const std::unique_ptr<BrotliEncoderState, Destroy> state(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr));
  BrotliEncoderSetParameter(state.get(), BROTLI_PARAM_QUALITY, 3);
  BrotliEncoderSetParameter(state.get(), BROTLI_PARAM_LGWIN, 14);
  const auto output_of = [&](BrotliEncoderOperation operation) {
    std::size_t none = 0;
    const std::uint8_t* nothing = nullptr;
    std::string room(100, '\0');
    std::size_t left = room.size();
    auto next = reinterpret_cast<std::uint8_t*>(room.data());
    EXPECT_TRUE(BrotliEncoderCompressStream(state.get(), operation, &none, &nothing, &left, &next, nullptr));
    return room.substr(0, room.size() - left);
  };
  EXPECT_EQ(output_of(BROTLI_OPERATION_FLUSH), stream_head(Coding::kBr));
  EXPECT_EQ(output_of(BROTLI_OPERATION_FINISH), end_of(Coding::kBr, ""));
}

TEST(StreamBounds, TheLengthInAGzipTrailerIsModulo32Bits) {
  std::string end;
  append_stream_end(Coding::kGzip, {.bytes = 0x5'0102'0304, .checksum = 0xa1b2c3d4}, end);
  EXPECT_EQ(end, std::string("\x03\x00\xd4\xc3\xb2\xa1\x04\x03\x02\x01", 10));
}

TEST(GroupEncoder, OnlyZstdInTheMiddleOfAFrameNeedsBytesToLeave) {
  for (const Coding coding : {Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate}) {
    GroupEncoder group(coding);
    EXPECT_TRUE(group.at_reset_point());
    EXPECT_EQ(group_exit(group.frame()), "");
    grouped(group, "abc");
    EXPECT_FALSE(group.at_reset_point());
    EXPECT_EQ(group.plain_bytes_since_reset(), 3u);
    EXPECT_EQ(group_exit(group.frame()), coding == Coding::kZstd ? std::string("\x01\0\0", 3) : "");
    grouped(group, "abc", PieceEnd::kResetPoint);
    EXPECT_TRUE(group.at_reset_point());
    EXPECT_EQ(group_exit(group.frame()), "");
  }
}

// A stream of every kind of piece, as the tools that users have see it.
TEST_P(EveryCoding, TheCommandLineToolsDecodeASplicedStream) {
  const Coding coding = GetParam();
  const std::string file = testing::TempDir() + "fanfare_coding_test." + std::string(coding_name(coding));
  const auto run = [](const std::string& command) { return std::system(command.c_str()); };
  const std::string tool = coding == Coding::kBr           ? "brotli"
                           : coding == Coding::kDeflate    ? "python3"
                           : coding_name(coding) == "zstd" ? "zstd"
                                                           : "gzip";
  if (run("command -v " + tool + " >/dev/null") != 0) GTEST_SKIP() << tool << " is not installed";
  StandaloneEncoder alone(coding);
  GroupEncoder group(coding);
  std::string stream(stream_head(coding));
  std::string plain;
  for (int i = 0; i < 30; ++i) {
    plain.append(event(i));
    if (i % 10 < 3) stream.append(standalone(alone, event(i)));
    if (i % 10 >= 3) stream.append(grouped(group, event(i)));
    if (i % 10 == 9) group.reset(stream);
  }
  stream.append(end_of(coding, plain));
  std::ofstream(file, std::ios::binary) << stream;
  const std::string decoded = file + ".decoded";
  const std::string how = coding == Coding::kDeflate
                              ? "-c 'import sys,zlib;sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'"
                              : "-dc";
  EXPECT_EQ(run(tool + " " + how + " <" + file + " >" + decoded), 0);
  std::ostringstream text;
  text << std::ifstream(decoded, std::ios::binary).rdbuf();
  EXPECT_EQ(text.str(), plain);
}

}  // namespace
}  // namespace fanfare
