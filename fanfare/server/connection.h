// One TCP connection: the only place where a protocol meets a socket. It reads bytes for the protocol, writes what that
// composes, and ends the connection in time.
//
//   [PROXY header ->] [TLS handshake ->] open -> (lingering ->) closed
//
// Lingering: everything is sent and the sending side is shut; the peer gets linger_ms to read it before we close, since
// closing with unread input would reset the connection under its answer.
// One thread: the shard's, which owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/net/address.h"
#include "fanfare/net/ip_address.h"
#include "fanfare/net/proxy_protocol.h"
#include "fanfare/net/socket.h"
#include "fanfare/server/admission.h"
#include "fanfare/server/client_address.h"
#include "fanfare/server/protocol.h"
#include "fanfare/server/quotas.h"

namespace fanfare {

class Shard;

class Connection final : public net::SocketVisitor {
 public:
  // At most this many pieces go out in one write.
  static constexpr std::size_t kSlicesMax = 256;

  // Whether a header comes first, which tells who the peer is.
  enum class Opening { kPlain, kProxyHeader };

  // tls: null for a connection in clear.
  Connection(Shard& shard, int fd, const net::Address& peer, Reception reception, Place place,
             std::shared_ptr<const net::TlsContext> tls, Opening opening = Opening::kPlain);
  ~Connection() override;

  void start();
  bool is_closed() const { return !socket_.is_open(); }
  // Nothing more is to be expected of the peer by then; 0: no limit.
  std::uint64_t deadline_ms() const { return deadline_ms_; }
  void on_deadline();
  // The server is shutting down: an open stream ends after these event-stream bytes, a quiet connection at once.
  void drain(std::string_view last_words);
  // Closes it if nothing has been heard of the peer's machine, now and when this was last called, 1/8 of dead_peer_ms
  // ago: so it is closed within dead_peer_ms.
  void close_if_peer_is_gone();

  // The flush of the turn: what to send, and what became of it.
  int fd() const { return socket_.fd(); }
  net::TlsSession* tls() const { return socket_.tls(); }
  std::size_t compose(std::span<std::string_view> slices);
  void on_written(net::IoResult result, std::size_t bytes_composed);

  // For its protocol.
  Shard& shard() const { return shard_; }
  Reception reception() const { return reception_; }
  const std::string& peer() const { return peer_; }
  const net::IpAddress& peer_address() const { return peer_address_; }
  Transport transport() const { return socket_.tls() != nullptr ? Transport::kTls : Transport::kClear; }
  // The socket takes nothing more for now.
  bool is_blocked() const { return blocked_; }
  // Writes what there is at once, or sees to what follows from there being nothing.
  void send_now();
  // Waits for the peer's bytes, if its protocol wants them.
  void read_on();
  // There may be something to compose at the end of the turn.
  void on_news();
  // Closes the connection if the peer does nothing for so long, or until then (net::steady_ms()); 0: it may wait for
  // ever.
  void wait_at_most(std::uint64_t ms);
  void wait_until(std::uint64_t at_ms);
  void linger();
  void close(std::string_view note = {});
  // Throws away what is unsent: others need its memory. At the end of the turn.
  void reset_later();

  // Where the shard keeps it.
  std::size_t index = 0;
  std::size_t timed_index = 0;
  bool is_timed = false;
  bool is_dirty = false;

  // net::SocketVisitor
  void on_readable() override;
  void on_writable() override;

 private:
  void begin(std::shared_ptr<const net::TlsContext> tls);
  void take_proxy_header();
  void be_told(const net::Address& source);
  void shake_hands();
  void receive();
  void open_with(std::string_view bytes);
  bool wants_bytes() const;
  void set_deadline();

  Shard& shard_;
  net::Socket socket_;
  // What is being read of the header, and what follows it.
  struct Introduction {
    net::ProxyHeader header;
    std::shared_ptr<const net::TlsContext> tls;
  };
  std::unique_ptr<Introduction> introduction_;  // null unless that is what comes next
  std::unique_ptr<Protocol> protocol_;          // null until all that comes before it is done
  std::uint64_t deadline_ms_ = 0;
  std::string peer_;
  net::IpAddress peer_address_;
  Place place_;
  Reception reception_;
  // How many bytes of HTTP/2's preface have come so far, while that may still be what is spoken.
  std::uint8_t opening_bytes_ = 0;
  bool is_opening_ = true;
  bool blocked_ = false;  // waiting for the socket to take more
  bool lingering_ = false;
  bool reset_ = false;  // the connection is to be reset
  bool peer_ended_ = false;
  bool peer_is_silent_ = false;  // when it was last looked at
  bool is_retired_ = false;
};

}  // namespace fanfare
