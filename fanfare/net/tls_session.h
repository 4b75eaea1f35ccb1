// One TLS connection on its socket, the server's end: a handshake, then bytes in and out. OpenSSL reads and writes the
// socket itself, so there is no buffer in between; an idle session holds none.
// Not for more than one thread at a time. The socket is borrowed: it must be open as long as calls are made.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/net/io_result.h"
#include "fanfare/net/tls_context.h"

struct ssl_st;

namespace fanfare::net {

class TlsSession {
 public:
  // What a record holds at most (RFC 8446 section 5.1).
  static constexpr std::size_t kRecordBytes = 16 * 1024;

  TlsSession(std::shared_ptr<const TlsContext> context, int fd);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Handshake {
    kDone,
    kWantsToRead,   // call again when the socket is readable
    kWantsToWrite,  // … writable
    kFailed,
  };
  Handshake shake_hands();
  // After kFailed, for logs: "no shared cipher".
  const std::string& failure() const { return failure_; }
  // After kFailed: the peer has sent an HTTP request in clear.
  bool got_plain_http() const { return got_plain_http_; }
  // After kDone: what was agreed on by ALPN; empty if nothing was.
  std::string_view protocol() const;
  bool is_resumed() const;

  // After kDone. At the peer's close_notify, and where it closes without, kEnd.
  IoResult read(std::span<char> into);
  // Whether a read may give bytes though the socket is not readable.
  bool has_buffered() const;

  // After kDone. What is taken may not have left: then has_unsent() holds, and nothing more is taken until
  // send_unsent() has been called, when the socket is writable, and has_unsent() no longer holds. Slices are put
  // together into records in `record`, of kRecordBytes.
  IoResult write(std::span<const std::string_view> slices, std::span<char> record);
  bool has_unsent() const { return !unsent_.empty(); }
  IoResult send_unsent();

  // Says that nothing follows (close_notify), if the socket takes it at once.
  void say_end();

 private:
  struct Bio;
  IoStatus status_of(int result);
  IoResult write_record(std::string_view bytes);

  const std::shared_ptr<const TlsContext> context_;
  const int fd_;
  ssl_st* session_;
  std::string unsent_;  // a record's bytes: encrypted, and cut short by the socket
  std::string failure_;
  bool is_broken_ = false;  // nothing more may be said
  bool got_plain_http_ = false;
};

}  // namespace fanfare::net
