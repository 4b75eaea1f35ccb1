#include "fanfare/websocket/control_output.h"

#include "fanfare/base/check.h"

namespace fanfare::websocket {
namespace {

// A control frame's length is one byte.
constexpr std::size_t kHeadBytes = 2;

std::size_t frame_bytes_at(std::string_view frames, std::size_t at) {
  return kHeadBytes + static_cast<std::uint8_t>(frames[at + 1]);
}

}  // namespace

void ControlOutput::add_ping(std::string_view payload) {
  drop_waiting(Opcode::kPing);
  add(Opcode::kPing, payload);
}

void ControlOutput::add_pong(std::string_view payload) {
  if (frames_.size() + kHeadBytes + payload.size() > kPongRoomBytes) drop_waiting(Opcode::kPong);
  add(Opcode::kPong, payload);
}

void ControlOutput::add_close(std::string_view payload) {
  add(Opcode::kClose, payload);
}

void ControlOutput::add(Opcode opcode, std::string_view payload) {
  FANFARE_CHECK(payload.size() <= kControlPayloadMax);
  append_frame_head(frames_, opcode, kFinal, payload.size());
  frames_ += payload;
}

void ControlOutput::drop_waiting(Opcode opcode) {
  std::size_t at = sent_ > 0 ? frame_bytes_at(frames_, 0) : 0;
  while (at < frames_.size()) {
    const std::size_t bytes = frame_bytes_at(frames_, at);
    if ((static_cast<std::uint8_t>(frames_[at]) & 0x0f) == static_cast<std::uint8_t>(opcode)) {
      frames_.erase(at, bytes);
    } else {
      at += bytes;
    }
  }
}

void ControlOutput::consume(std::size_t bytes) {
  FANFARE_CHECK(bytes <= frames_.size() - sent_);
  sent_ += bytes;
  std::size_t whole = 0;
  while (whole < frames_.size() && whole + frame_bytes_at(frames_, whole) <= sent_)
    whole += frame_bytes_at(frames_, whole);
  frames_.erase(0, whole);
  sent_ -= whole;
  if (frames_.empty()) std::string().swap(frames_);
}

std::size_t ControlOutput::memory_bytes() const {
  static const std::size_t kInline = std::string().capacity();
  return frames_.capacity() > kInline ? frames_.capacity() + 1 : 0;
}

}  // namespace fanfare::websocket
