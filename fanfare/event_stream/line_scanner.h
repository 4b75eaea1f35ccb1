// Cuts text into lines (LF, CR or CRLF end one) and notes in the same pass which of them are all ASCII: the only loop
// that sees every byte of a stream. Not here: what a line means (parser.h), and lines that are cut in two by a read.
//
// It works in blocks of 64 bytes. A block becomes two words with a bit for each byte, least significant first:
//
//   bytes      i d : 7 LF d a t a : ...        line_ends  0 0 0 0 1 0 0 0 0 0
//                                              non_ascii  0 0 0 0 0 0 0 0 0 0
//
// so that the next line end is the lowest bit set. One thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanfare::event_stream {

struct Line {
  std::string_view text;  // without its end
  bool ended;             // false: the text is over before the line is
  bool ascii;             // whether all of it is below 0x80
};

struct BlockMasks {
  std::uint64_t line_ends = 0;  // CR and LF
  std::uint64_t non_ascii = 0;
};

inline constexpr std::size_t kBlockBytes = 64;

// The masks of 64 bytes. The second is the same without vector instructions, for other processors; public so that a
// test can compare the two.
BlockMasks masks_of(const char* block);
BlockMasks masks_of_bytewise(const char* block);

class LineScanner {
 public:
  // The text is borrowed. No byte outside it is read.
  explicit LineScanner(std::string_view text) : text_(text) {}

  // The next line; after the last line end, what follows it (maybe nothing), which has not ended, and so on for ever.
  Line next() {
    if (masks_.line_ends == 0) find_line_end();
    if (masks_.line_ends == 0) return {text_.substr(begin_), false, (non_ascii_before_ | masks_.non_ascii) == 0};
    const std::uint64_t up_to_end = masks_.line_ends ^ (masks_.line_ends - 1);
    const std::size_t end = block_ + static_cast<std::size_t>(std::countr_zero(masks_.line_ends));
    const bool ascii = (non_ascii_before_ | (masks_.non_ascii & up_to_end)) == 0;
    const Line line = {{text_.data() + begin_, end - begin_}, true, ascii};
    non_ascii_before_ = 0;
    masks_.non_ascii &= ~up_to_end;
    masks_.line_ends &= ~up_to_end;
    begin_ = end + 1;
    if (text_[end] == '\r') skip_lf();
    return line;
  }

  // Where the next line begins in the text.
  std::size_t position() const { return begin_; }

 private:
  void find_line_end();
  void load_block();
  void skip_plain_blocks();
  void skip_lf();

  const std::string_view text_;
  std::size_t begin_ = 0;               // where the next line begins
  std::size_t block_ = 0;               // where the block of masks_ begins
  std::size_t next_block_ = 0;          // the first byte not looked at
  BlockMasks masks_;                    // what of the block belongs to the next lines
  std::uint64_t non_ascii_before_ = 0;  // not 0 if the next line has such bytes before the block
};

}  // namespace fanfare::event_stream
