#include "fanfare/base/json_string.h"

#include <cstdio>

namespace fanfare {
namespace {

void append_json_escape(std::string& out, unsigned code) {
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", code);
  out += text;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    unsigned char next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(text[i]);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      append_json_escape(out, c);
    } else if (c == 0xC2 && next < 0xA0) {  // C1, two bytes
      append_json_escape(out, next);
      ++i;
    } else {
      out += text[i];
    }
  }
  out += '"';
}

}  // namespace fanfare
