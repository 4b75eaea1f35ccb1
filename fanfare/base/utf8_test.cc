#include "fanfare/base/utf8.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace fanfare {
namespace {

#define FFFD "\xEF\xBF\xBD"

// Reads from a heap buffer of exactly the right size, so that a sanitizer sees the first byte read beyond it.
std::string decode(std::string_view bytes) {
  const auto exact = std::make_unique<char[]>(bytes.size());
  bytes.copy(exact.get(), bytes.size());
  const std::string_view input(exact.get(), bytes.size());
  std::string text = ">";
  append_utf8_with_replacement(text, input);
  text.erase(0, 1);
  EXPECT_EQ(is_valid_utf8(input), text == bytes) << testing::PrintToString(std::string(bytes));
  return text;
}

// Encodes any number below 2^21 in the given length, rightly or wrongly.
std::string encode(unsigned code, int length) {
  if (length == 1) return {static_cast<char>(code)};
  static constexpr unsigned kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  std::string bytes(1, static_cast<char>(kLead[length] | (code >> (6 * (length - 1)))));
  for (int i = length - 2; i >= 0; --i) bytes.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F)));
  return bytes;
}

int shortest_length(unsigned code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST(Utf8, EveryScalarValueIsValidInItsShortestFormOnly) {
  for (unsigned code = 0; code < 0x200000; code += (code < 0x11000 ? 1 : 61)) {
    const bool scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    const int shortest = shortest_length(code);
    ASSERT_EQ(is_valid_utf8(encode(code, shortest)), scalar) << std::hex << code;
    for (int longer = shortest + 1; longer <= 4; ++longer) {
      ASSERT_FALSE(is_valid_utf8(encode(code, longer))) << std::hex << code;
    }
  }
}

TEST(Utf8, EachMaximalSubpartBecomesOneReplacementCharacter) {
  const struct {
    std::string bytes, text;
  } rows[] = {
      {"", ""},
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"\xE2\x80\xA6", "\xE2\x80\xA6"},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"\x80", FFFD},
      {"\xBF\xBF", FFFD FFFD},
      {"\xC0\xAF", FFFD FFFD},
      {"\xC1\xBF", FFFD FFFD},
      {"\xC2", FFFD},
      {"\xC2z", FFFD "z"},
      {"\xC2\xC2\xA9", FFFD "\xC2\xA9"},
      {"\xE0\x80\xAF", FFFD FFFD FFFD},
      {"\xE0\x9F\xBF", FFFD FFFD FFFD},
      {"\xE0\xA0", FFFD},
      {"\xE2\x80", FFFD},
      {"\xE2\x80x", FFFD "x"},
      {"\xE2\x80\xE2\x80\xA6", FFFD "\xE2\x80\xA6"},
      {"\xED\xA0\x80", FFFD FFFD FFFD},
      {"\xED\x9F", FFFD},
      {"\xF0\x80\x80\xAF", FFFD FFFD FFFD FFFD},
      {"\xF0\x8F\xBF\xBF", FFFD FFFD FFFD FFFD},
      {"\xF0\x9F\x98", FFFD},
      {"\xF0\x9F\x98z", FFFD "z"},
      {"\xF0\x9F", FFFD},
      {"\xF0", FFFD},
      {"\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B"},
      {"\xF5\x80\x80\x80", FFFD FFFD FFFD FFFD},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", FFFD FFFD FFFD FFFD "A"},
      {"\xFE\xFF", FFFD FFFD},
      {"\xEF\xBB\xBFz", "\xEF\xBB\xBFz"},
  };
  for (const auto& row : rows) EXPECT_EQ(decode(row.bytes), row.text) << testing::PrintToString(row.bytes);
}

TEST(Utf8, AnIllFormedByteIsSeenAtEveryPlaceInALongText) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      std::string bytes(size, 'a');
      bytes[place] = '\xFF';
      ASSERT_EQ(decode(bytes), std::string(place, 'a') + FFFD + std::string(size - place - 1, 'a'));
    }
  }
}

TEST(Utf8, APieceIsRefusedAtTheFirstByteThatCannotStandThere) {
  const struct {
    std::string bytes;
    std::size_t good;  // bytes before the first that cannot stand there
    bool complete;
  } rows[] = {
      {"", 0, true},
      {"caf\xC3\xA9 and more than eight", 25, true},
      {"\xF0\x9F\x98", 3, false},
      {"\xF0\x9F\x98\x80", 4, true},
      {"12345678\x80", 8, false},
      {"\xED\xA0\x80", 1, false},      // a surrogate
      {"\xF4\x90\x80\x80", 1, false},  // beyond U+10FFFF
      {"\xC0\xAF", 0, false},
      {"\xE2\x80"
       "a",
       2, false},
  };
  for (const auto& row : rows) {
    Utf8Check whole;
    EXPECT_EQ(whole.add(row.bytes), row.good == row.bytes.size()) << row.bytes;
    EXPECT_EQ(whole.is_complete(), row.complete) << row.bytes;
    Utf8Check bytewise;
    std::size_t good = 0;
    while (good < row.bytes.size() && bytewise.add(std::string_view(row.bytes).substr(good, 1))) ++good;
    EXPECT_EQ(good, row.good) << row.bytes;
    EXPECT_EQ(bytewise.is_complete(), row.complete) << row.bytes;
    EXPECT_EQ(bytewise.add("a"), row.complete) << "what is wrong is wrong for good, what is cut off becomes wrong";
  }
}

}  // namespace
}  // namespace fanfare
