// A connected TCP socket of one loop: non-blocking, told when it can be read or written; in clear or with TLS. One
// thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "fanfare/base/limits.h"
#include "fanfare/net/io_result.h"
#include "fanfare/net/loop.h"
#include "fanfare/net/tls_session.h"

namespace fanfare::net {

class SocketVisitor {
 public:
  virtual ~SocketVisitor() = default;
  // One call for each wait_readable or wait_writable. There may be an error or the end to read.
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

class Socket {
 public:
  // Owns the connected, non-blocking file descriptor and sets its options: no delay, a small unsent share in the
  // kernel, an end to peers that acknowledge nothing. The visitor is borrowed and never called after close().
  Socket(Loop& loop, int fd, SocketVisitor& visitor, const Limits& limits);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  // From now on what is read and written is inside TLS: first of all shake_hands() has to be done. Once, before
  // anything is read.
  void start_tls(std::shared_ptr<const TlsContext> context);
  // nullptr: in clear.
  TlsSession* tls() const { return tls_.get(); }
  // Of TLS: see TlsSession.
  bool has_unsent() const { return tls_ != nullptr && tls_->has_unsent(); }
  bool has_buffered() const { return tls_ != nullptr && tls_->has_buffered(); }
  // Past TLS, for a peer that does not speak it, before the connection is closed: what the socket does not take at once
  // is lost, and so is what has come, which would make the close a reset. scratch: room to read into.
  void send_last_in_clear(std::string_view bytes, std::span<char> scratch);

  // Ask for one call of on_readable / on_writable; asking again before it comes changes nothing.
  void wait_readable();
  void wait_writable();
  IoResult read(std::span<char> into);

  // Whether nothing has come from the peer's machine for so long, no acknowledgement either, and this one waits for an
  // answer to bytes sent again or to a probe. A peer that only reads nothing answers; between the probe and its answer
  // it looks silent too.
  bool is_peer_silent_for(std::size_t ms) const;

  // No more bytes follow ours, which TLS is told too; the peer's may.
  void shutdown_send();
  void close();
  // Close with a reset: unsent bytes are thrown away.
  void reset();

 private:
  struct Registration;
  Registration* registration_;  // counted; pending waits hold it too
  std::unique_ptr<TlsSession> tls_;
  int fd_;
};

}  // namespace fanfare::net
