#include "fanfare/event_stream/line_scanner.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

namespace fanfare::event_stream {
namespace {

std::string shown(std::string_view text, bool ended, bool ascii) {
  return std::to_string(text.size()) + " " + std::string(text) + (ended ? " ended" : " open") +
         (ascii ? "\n" : " other\n");
}

// Scans an exact-size heap buffer, so that a sanitizer sees a byte read beyond it.
std::string scan(std::string_view text) {
  const auto exact = std::make_unique<char[]>(text.size());
  text.copy(exact.get(), text.size());
  LineScanner lines({exact.get(), text.size()});
  std::string all;
  Line line = lines.next();
  for (; line.ended; line = lines.next()) all.append(shown(line.text, true, line.ascii));
  return all.append(shown(line.text, false, line.ascii));
}

// The same, one byte after the other.
std::string scan_by_the_book(std::string_view text) {
  std::string all, line;
  bool ascii = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && i > 0 && text[i - 1] == '\r') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      all.append(shown(line, true, ascii));
      line.clear();
      ascii = true;
    } else {
      line.push_back(text[i]);
      ascii = ascii && static_cast<unsigned char>(text[i]) < 0x80;
    }
  }
  return all.append(shown(line, false, ascii));
}

TEST(LineScanner, FindsEveryLineEndAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 0; size <= 140; ++size) {
    std::string text(size, 'x');
    ASSERT_EQ(scan(text), scan_by_the_book(text));
    for (const std::string_view end : {"\n", "\r", "\r\n", "\n\r", "\n\n", "\r\n\r\n"}) {
      for (std::size_t place = 0; place + end.size() <= size; ++place) {
        std::string ended = text;
        ended.replace(place, end.size(), end);
        ASSERT_EQ(scan(ended), scan_by_the_book(ended)) << size << " " << place;
      }
    }
  }
}

TEST(LineScanner, NotesBytesBeyondAsciiInTheirOwnLineOnly) {
  for (std::size_t end = 0; end < 140; ++end) {
    std::string text(140, 'x');
    text[end] = '\n';
    for (std::size_t place = 0; place < text.size(); ++place) {
      if (place == end) continue;
      text[place] = '\x80';
      ASSERT_EQ(scan(text), scan_by_the_book(text)) << end << " " << place;
      text[place] = 'x';
    }
  }
}

TEST(LineScanner, AgreesWithTheBookOnRandomText) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kBytes = "\r\n\r\n\x0B\x8A\x8D\x0C";
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 300, 'x');
    const auto rarity = 1 + random() % 100;
    for (char& byte : text) {
      if (random() % rarity == 0) byte = kBytes[random() % kBytes.size()];
    }
    ASSERT_EQ(scan(text), scan_by_the_book(text)) << testing::PrintToString(text);
  }
}

TEST(LineScanner, TheMasksOfABlockAreThoseOfItsBytes) {
  for (int value = 0; value < 256; ++value) {
    for (std::size_t place = 0; place < kBlockBytes; ++place) {
      std::string block(kBlockBytes, 'x');
      block[place] = static_cast<char>(value);
      const std::uint64_t bit = std::uint64_t{1} << place;
      for (const BlockMasks masks : {masks_of(block.data()), masks_of_bytewise(block.data())}) {
        ASSERT_EQ(masks.line_ends, value == '\n' || value == '\r' ? bit : 0) << value;
        ASSERT_EQ(masks.non_ascii, value >= 0x80 ? bit : 0) << value;
      }
    }
  }
}

}  // namespace
}  // namespace fanfare::event_stream
