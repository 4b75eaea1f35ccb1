#include "fanfare/base/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fanfare {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What the bytes since the last boundary between characters allow next. The states after E0, ED, F0 and F4 narrow the
// second byte: that is what excludes overlong forms, surrogates and code points beyond U+10FFFF. The numbers are where
// the state's six bits are in a row of kNext.
enum State : std::uint64_t {
  kBoundary = 0,
  kIllFormed = 6,  // for good
  kOneMore = 12,
  kTwoMore = 18,
  kThreeMore = 24,
  kAfterE0 = 30,
  kAfterED = 36,
  kAfterF0 = 42,
  kAfterF4 = 48,
};
constexpr State kStates[] = {kBoundary, kIllFormed, kOneMore, kTwoMore, kThreeMore,
                             kAfterE0,  kAfterED,   kAfterF0, kAfterF4};

constexpr State after_lead(unsigned byte) {
  if (byte < 0x80) return kBoundary;
  if (byte < 0xC2 || byte > 0xF4) return kIllFormed;
  if (byte < 0xE0) return kOneMore;
  if (byte == 0xE0) return kAfterE0;
  if (byte == 0xED) return kAfterED;
  if (byte < 0xF0) return kTwoMore;
  if (byte == 0xF0) return kAfterF0;
  return byte == 0xF4 ? kAfterF4 : kThreeMore;
}

constexpr State after(State state, unsigned byte) {
  const auto within = [byte](unsigned low, unsigned high, State next) {
    return byte >= low && byte <= high ? next : kIllFormed;
  };
  switch (state) {
    case kBoundary:
      return after_lead(byte);
    case kOneMore:
      return within(0x80, 0xBF, kBoundary);
    case kTwoMore:
      return within(0x80, 0xBF, kOneMore);
    case kThreeMore:
      return within(0x80, 0xBF, kTwoMore);
    case kAfterE0:
      return within(0xA0, 0xBF, kOneMore);
    case kAfterED:
      return within(0x80, 0x9F, kOneMore);
    case kAfterF0:
      return within(0x90, 0xBF, kTwoMore);
    case kAfterF4:
      return within(0x80, 0x8F, kTwoMore);
    case kIllFormed:
      return kIllFormed;
  }
  return kIllFormed;
}

// kNext[byte] >> state holds in its low six bits the state after that byte: one load and one shift for each byte.
constexpr std::array<std::uint64_t, 256> make_next() {
  std::array<std::uint64_t, 256> next = {};
  for (unsigned byte = 0; byte < next.size(); ++byte) {
    for (const State state : kStates) next[byte] |= static_cast<std::uint64_t>(after(state, byte)) << state;
  }
  return next;
}
constexpr std::array<std::uint64_t, 256> kNext = make_next();

// The state's six bits, with what the shift left above them.
std::uint64_t step(std::uint64_t state, char byte) {
  return kNext[static_cast<unsigned char>(byte)] >> (state & 63);
}

bool is_ascii(const char* eight_bytes) {
  std::uint64_t word;
  std::memcpy(&word, eight_bytes, sizeof word);
  return (word & 0x8080808080808080) == 0;
}

std::uint64_t state_after(std::uint64_t state, std::string_view bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    if ((state & 63) == kBoundary && is_ascii(bytes.data() + i)) continue;
    for (std::size_t k = 0; k < 8; ++k) state = step(state, bytes[i + k]);
  }
  for (; i < bytes.size(); ++i) state = step(state, bytes[i]);
  return state & 63;
}

// What stands at the beginning of some bytes: a whole sequence, or the maximal subpart of an ill-formed one.
struct Sequence {
  std::size_t length;
  bool valid;
};

Sequence first_sequence(std::string_view bytes) {
  State state = kBoundary;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    state = after(state, static_cast<unsigned char>(bytes[i]));
    if (state == kBoundary) return {i + 1, true};
    if (state == kIllFormed) return {std::max<std::size_t>(i, 1), false};
  }
  return {bytes.size(), false};
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  return state_after(kBoundary, bytes) == kBoundary;
}

bool Utf8Check::add(std::string_view bytes) {
  static_assert(kBoundary == 0, "is_complete() asks for it");
  state_ = static_cast<std::uint8_t>(state_after(state_, bytes));
  return state_ != kIllFormed;
}

void append_utf8_with_replacement(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) {
    out.append(bytes);
    return;
  }
  while (!bytes.empty()) {
    const Sequence sequence = first_sequence(bytes);
    out.append(sequence.valid ? bytes.substr(0, sequence.length) : kReplacement);
    bytes.remove_prefix(sequence.length);
  }
}

}  // namespace fanfare
