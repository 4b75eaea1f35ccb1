// What an update looks like on the wire, before any content coding. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fanfare/history/update.h"

namespace fanfare::websocket {
class CompressedMessageEncoder;
}

namespace fanfare {

enum class Wire : std::uint8_t {
  kEventStream,
  kWebSocket,            // one text message in one frame, with the update as JSON
  kCompressedWebSocket,  // the same for those who have agreed to permessage-deflate (RFC 7692)
  kJsonList,             // the update as JSON and a comma: the elements of a list, for long polling
};
inline constexpr std::size_t kWires = 4;

// {"id":…,"type":…,"topics":[…],"data":…}; the type of an update without one is "message", as a browser's EventSource
// has it.
void append_json(const Update& update, std::string& out);

// Writes updates in one of the forms. One thread.
class WireWriter {
 public:
  WireWriter();
  ~WireWriter();
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  void append(Wire wire, const Update& update, std::string& out);

 private:
  std::string json_;
  std::unique_ptr<websocket::CompressedMessageEncoder> encoder_;  // made when it is needed
};

// What a silent stream is sent: a comment, or a ping without a payload; nothing where nobody waits for it.
std::string_view heartbeat_of(Wire wire);

}  // namespace fanfare
