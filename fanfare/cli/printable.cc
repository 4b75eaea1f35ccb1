#include "fanfare/cli/printable.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "fanfare/base/utf8.h"

namespace fanfare::cli {
namespace {

std::size_t sequence_bytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

// One valid UTF-8 sequence.
std::uint32_t code_point(std::string_view sequence) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(sequence[i])); };
  if (sequence.size() == 1) return byte(0);
  std::uint32_t value = byte(0) & (0x7Fu >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) value = value << 6 | (byte(i) & 0x3F);
  return value;
}

bool is_shown(std::uint32_t c) {
  if (c == '\t') return true;
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
  bool reorders =
      c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !reorders;
}

void append_escape(std::string& out, const char* format, std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  out += text;
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::string_view sequence = text.substr(0, sequence_bytes(static_cast<unsigned char>(text[0])));
    if (!is_valid_utf8(sequence)) {
      append_escape(out, "\\x%02x", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    std::uint32_t c = code_point(sequence);
    if (is_shown(c)) {
      out += sequence;
    } else {
      append_escape(out, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
    }
    text.remove_prefix(sequence.size());
  }
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text);
  return out;
}

}  // namespace fanfare::cli
