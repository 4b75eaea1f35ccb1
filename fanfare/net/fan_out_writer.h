// Writes to many sockets in one go: the hot end of the fan-out. Not thread-safe; one per shard.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "fanfare/net/socket.h"

namespace fanfare::net {

// One socket's share of a batch. `slices` are borrowed until write() returns.
struct StreamWrite {
  int fd = -1;
  TlsSession* tls = nullptr;  // that of the socket; null: in clear
  std::span<const std::string_view> slices;
  IoResult result{
      IoStatus::kWouldBlock};  // filled in by write(); kDone may be less than all; with TLS see has_unsent()
};

class FanOutWriter {
 public:
  virtual ~FanOutWriter() = default;
  // Tries each write once; none blocks.
  virtual void write(std::span<StreamWrite> writes) = 0;
};

// A writer of one send() or sendmsg() for each socket.
std::unique_ptr<FanOutWriter> make_send_writer();

}  // namespace fanfare::net
