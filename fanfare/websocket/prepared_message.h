// A text message as a server sends it to everybody: one whole frame, unfragmented and without a mask, so that its bytes
// are the same for all connections and can be sent by reference (RFC 6455 section 5.6, RFC 7692 section 7.2.1).
// Text is UTF-8; that is the caller's to have checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fanfare/websocket/raw_deflate.h"

namespace fanfare::websocket {

// Appends the frame. Pure; any thread.
void append_text_message(std::string_view text, std::string& out);

// The frame for those who have agreed to permessage-deflate (deflate_offer.h), compressed if that makes it shorter:
// such a client takes both. It depends on nothing that was encoded before: one encoder serves a shard. One thread.
class CompressedMessageEncoder {
 public:
  void encode(std::string_view text, std::string& out);

  // What it holds between two calls, for a budget.
  std::size_t memory_bytes() const { return deflater_.memory_bytes(); }

 private:
  RawDeflater deflater_;
};

}  // namespace fanfare::websocket
