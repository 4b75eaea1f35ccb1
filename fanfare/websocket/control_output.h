// The control frames that a connection has to send (RFC 6455 section 5.5): whole frames in their order, the first of
// which may be sent in part. Bounded, however little the socket takes and however much the peer asks. Private to this
// room.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/websocket/frame.h"

namespace fanfare::websocket {

class ControlOutput {
 public:
  // Pongs are answered one by one while there is room for them; beyond it the newest takes the place of those that have
  // not begun to be sent, as section 5.5.3 allows. Of pings that wait there is only the newest.
  static constexpr std::size_t kPongRoomBytes = 512;

  void add_ping(std::string_view payload);
  void add_pong(std::string_view payload);
  void add_close(std::string_view payload);

  // Valid until the next call that is not const.
  std::string_view bytes() const { return std::string_view(frames_).substr(sent_); }
  void consume(std::size_t bytes);

  // On the heap: nothing when all is sent.
  std::size_t memory_bytes() const;

 private:
  void drop_waiting(Opcode opcode);
  void add(Opcode opcode, std::string_view payload);

  std::string frames_;
  std::size_t sent_ = 0;  // of the first frame
};

}  // namespace fanfare::websocket
