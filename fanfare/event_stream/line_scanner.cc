#include "fanfare/event_stream/line_scanner.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fanfare::event_stream {
namespace {

// Blocks at the beginning of a text that hold no line end.
struct PlainBlocks {
  std::size_t bytes;
  std::uint64_t non_ascii;  // not 0 if they are not all ASCII
};

}  // namespace

BlockMasks masks_of_bytewise(const char* block) {
  BlockMasks masks;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (block[i] == '\n' || block[i] == '\r') masks.line_ends |= bit;
    if (static_cast<unsigned char>(block[i]) >= 0x80) masks.non_ascii |= bit;
  }
  return masks;
}

#if defined(__SSE2__)
namespace {

// A block in the registers of SSE2, which every x86-64 has.
struct Quarters {
  __m128i a, b, c, d;
};

Quarters load(const char* block) {
  const auto quarter = [block](std::size_t i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i * sizeof(__m128i)));
  };
  return {quarter(0), quarter(1), quarter(2), quarter(3)};
}

__m128i line_ends_in(__m128i bytes) {
  return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
}

Quarters line_ends_in(const Quarters& block) {
  return {line_ends_in(block.a), line_ends_in(block.b), line_ends_in(block.c), line_ends_in(block.d)};
}

__m128i any_of(const Quarters& block) {
  return _mm_or_si128(_mm_or_si128(block.a, block.b), _mm_or_si128(block.c, block.d));
}

// The highest bit of each byte.
std::uint64_t high_bits(__m128i bytes) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
}

std::uint64_t high_bits(const Quarters& block) {
  return high_bits(block.a) | high_bits(block.b) << 16 | high_bits(block.c) << 32 | high_bits(block.d) << 48;
}

PlainBlocks plain_blocks(std::string_view text) {
  __m128i seen = _mm_setzero_si128();
  std::size_t i = 0;
  for (; i + kBlockBytes <= text.size(); i += kBlockBytes) {
    const Quarters block = load(text.data() + i);
    if (high_bits(any_of(line_ends_in(block))) != 0) break;
    seen = _mm_or_si128(seen, any_of(block));
  }
  return {i, high_bits(seen)};
}

}  // namespace

BlockMasks masks_of(const char* block) {
  const Quarters quarters = load(block);
  return {high_bits(line_ends_in(quarters)), high_bits(quarters)};
}

#else

namespace {

PlainBlocks plain_blocks(std::string_view) {
  return {0, 0};
}

}  // namespace

BlockMasks masks_of(const char* block) {
  return masks_of_bytewise(block);
}

#endif

void LineScanner::find_line_end() {
  while (masks_.line_ends == 0 && next_block_ < text_.size()) {
    non_ascii_before_ |= masks_.non_ascii;
    load_block();
    if (masks_.line_ends == 0) skip_plain_blocks();
  }
}

void LineScanner::load_block() {
  block_ = next_block_;
  next_block_ += kBlockBytes;
  if (next_block_ <= text_.size()) {
    masks_ = masks_of(text_.data() + block_);
  } else {
    char padded[kBlockBytes] = {};
    text_.copy(padded, kBlockBytes, block_);
    masks_ = masks_of(padded);
  }
  // The LF of a CRLF that the blocks' border divides has been skipped: it is the first bit.
  if (begin_ > block_) masks_.line_ends &= masks_.line_ends - 1;
}

// A long line: what needs no masks.
void LineScanner::skip_plain_blocks() {
  if (next_block_ >= text_.size()) return;
  const PlainBlocks plain = plain_blocks(text_.substr(next_block_));
  next_block_ += plain.bytes;
  non_ascii_before_ |= plain.non_ascii;
}

// After a CR: an LF belongs to the same line end.
void LineScanner::skip_lf() {
  if (begin_ == text_.size() || text_[begin_] != '\n') return;
  ++begin_;
  masks_.line_ends &= masks_.line_ends - 1;
}

}  // namespace fanfare::event_stream
