#include "fanfare/websocket/prepared_message.h"

#include <gtest/gtest.h>

#include <random>

#include "testing/websocket/client.h"

namespace fanfare::websocket {
namespace {

using namespace websocket_testing;

constexpr std::string_view kUpdate =
    R"({"id":"urn:uuid:0190a2f4-8a1b-8c3d-9e4f-112233445566","type":"message","topics":["https://example.com/books/1"],)"
    R"("data":"{\"title\":\"A book\",\"title2\":\"A book\",\"available\":true}"})";

std::string plain(std::string_view text) {
  std::string out = "before";
  append_text_message(text, out);
  EXPECT_TRUE(out.starts_with("before"));
  return out.substr(6);
}

std::string compressed(CompressedMessageEncoder& encoder, std::string_view text) {
  std::string out = "before";
  encoder.encode(text, out);
  EXPECT_TRUE(out.starts_with("before"));
  return out.substr(6);
}

// The text of the one frame that these bytes are.
std::string text_of(std::string_view bytes) {
  const auto frame = take_server_frame(bytes);
  EXPECT_TRUE(frame && bytes.empty());
  if (!frame) return "no frame";
  if (frame->first_byte == (kFin | kText)) return frame->payload;
  EXPECT_EQ(frame->first_byte, kFin | kRsv1 | kText);
  return inflated(frame->payload).value_or("no deflate");
}

TEST(PreparedMessage, APlainOneIsOneUnmaskedFrame) {
  EXPECT_EQ(plain("Hello"), "\x81\x05Hello");  // RFC 6455 section 5.7
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65'535u, 65'536u, 1'000'000u}) {
    const std::string text(size, 'x');
    const std::size_t head = size < 126 ? 2 : size < 65'536 ? 4 : 10;
    EXPECT_EQ(plain(text).size(), size + head);
    EXPECT_EQ(text_of(plain(text)), text);
  }
}

TEST(PreparedMessage, ACompressedOneInflatesToItsText) {
  CompressedMessageEncoder encoder;
  std::mt19937 random(7);
  for (const std::size_t size : {8u, 100u, 126u, 1'000u, 65'536u, 300'000u}) {
    std::string text;
    while (text.size() < size) text.push_back(static_cast<char>('a' + random() % 7));
    const std::string bytes = compressed(encoder, text);
    EXPECT_EQ(text_of(bytes), text);
    if (size > 126) {
      EXPECT_LT(bytes.size(), size / 2);
      EXPECT_EQ(static_cast<unsigned char>(bytes[0]), kFin | kRsv1 | kText);
    }
  }
  const std::string bytes = compressed(encoder, kUpdate);
  EXPECT_LT(bytes.size(), kUpdate.size());
  EXPECT_EQ(text_of(bytes), kUpdate);
}

TEST(PreparedMessage, DoesNotDependOnThoseBefore) {
  CompressedMessageEncoder fresh;
  CompressedMessageEncoder used;
  for (const std::size_t size : {10u, 70'000u, 200u}) compressed(used, std::string(size, 'u'));
  compressed(used, kUpdate);
  EXPECT_EQ(compressed(used, kUpdate), compressed(fresh, kUpdate));
}

// RFC 7692 section 6: RSV1 is set for each message alone.
TEST(PreparedMessage, WhatDoesNotShrinkIsSentPlain) {
  CompressedMessageEncoder encoder;
  for (const std::string_view text : {"", "x", "Hello", "3f9a1c7b2e"})
    EXPECT_EQ(compressed(encoder, text), plain(text));
}

TEST(PreparedMessage, TheEncodersMemoryIsKnownAndConstant) {
  CompressedMessageEncoder encoder;
  const std::size_t before = encoder.memory_bytes();
  EXPECT_GT(before, 64'000u);
  EXPECT_LT(before, 300'000u);
  compressed(encoder, std::string(1'000'000, 'x'));
  EXPECT_EQ(encoder.memory_bytes(), before);
}

}  // namespace
}  // namespace fanfare::websocket
