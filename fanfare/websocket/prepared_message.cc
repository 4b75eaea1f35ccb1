#include "fanfare/websocket/prepared_message.h"

#include "fanfare/websocket/frame.h"

namespace fanfare::websocket {

void append_text_message(std::string_view text, std::string& out) {
  append_frame_head(out, Opcode::kText, kFinal, text.size());
  out += text;
}

void CompressedMessageEncoder::encode(std::string_view text, std::string& out) {
  // How long the head is shows when the payload is there: room for the longest, and what is over is cut out.
  const std::size_t begin = out.size();
  const std::size_t payload = begin + kServerHeadBytesMax;
  out.resize(payload);
  deflater_.compress(text, out);
  const std::size_t length = out.size() - payload;
  if (length >= text.size()) {
    out.resize(begin);
    append_text_message(text, out);
    return;
  }
  std::string head;
  append_frame_head(head, Opcode::kText, kFinal | kCompressed, length);
  out.replace(begin, kServerHeadBytesMax, head);
}

}  // namespace fanfare::websocket
