#include "fanfare/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare::net {
namespace {

bool is_for_later(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS;
}

// Slices as records: bytes of one slice where they fill a record or are the last, else of several, put together. So
// that a response's head, its events and their framing are one record and one send().
class SliceReader {
 public:
  explicit SliceReader(std::span<const std::string_view> slices) : slices_(slices) {}

  bool is_at_end() const { return slices_.empty(); }
  // The next bytes, at most a record's, in their place or copied to `record`.
  std::string_view take(std::span<char> record) {
    if (slices_.size() == 1 || slices_.front().size() - offset_ >= record.size()) return take_of_front(record.size());
    std::size_t filled = 0;
    while (!is_at_end() && filled < record.size()) {
      const std::string_view part = take_of_front(record.size() - filled);
      std::ranges::copy(part, record.subspan(filled).begin());
      filled += part.size();
    }
    return {record.data(), filled};
  }

 private:
  std::string_view take_of_front(std::size_t bytes_max) {
    const std::string_view part = slices_.front().substr(offset_, bytes_max);
    offset_ += part.size();
    if (offset_ == slices_.front().size()) {
      slices_ = slices_.subspan(1);
      offset_ = 0;
    }
    return part;
  }

  std::span<const std::string_view> slices_;
  std::size_t offset_ = 0;  // in the first of them
};

}  // namespace

// The socket as OpenSSL sees it. Its own kind of BIO would raise SIGPIPE, and block where the socket does.
struct TlsSession::Bio {
  static int fd_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int bytes) {
    BIO_clear_retry_flags(bio);
    const ssize_t got = ::recv(fd_of(bio), into, static_cast<std::size_t>(bytes), MSG_DONTWAIT);
    if (got < 0 && is_for_later(errno)) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(got);
  }
  static int write(BIO* bio, const char* from, int bytes) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(fd_of(bio), from, static_cast<std::size_t>(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && is_for_later(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  // fd must stay where it is.
  static BIO* make(const int& fd) {
    static BIO_METHOD* const kMethod = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      FANFARE_CHECK(made != nullptr);
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    BIO* const bio = BIO_new(kMethod);
    FANFARE_CHECK(bio != nullptr);
    BIO_set_data(bio, const_cast<int*>(&fd));
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int fd)
    : context_(std::move(context)), fd_(fd), session_(SSL_new(context_->contexts_.front())) {
  FANFARE_CHECK(session_ != nullptr);
  BIO* const bio = Bio::make(fd_);
  SSL_set_bio(session_, bio, bio);
  SSL_set_accept_state(session_);
}

TlsSession::~TlsSession() {
  SSL_free(session_);
}

IoStatus TlsSession::status_of(int result) {
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return IoStatus::kWouldBlock;
    case SSL_ERROR_ZERO_RETURN:
      return IoStatus::kEnd;
    default:
      is_broken_ = true;
      return IoStatus::kFailed;
  }
}

TlsSession::Handshake TlsSession::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_);
  if (result == 1) return Handshake::kDone;
  const int error = SSL_get_error(session_, result);
  if (error == SSL_ERROR_WANT_READ) return Handshake::kWantsToRead;
  if (error == SSL_ERROR_WANT_WRITE) return Handshake::kWantsToWrite;
  is_broken_ = true;
  const unsigned long code = ERR_peek_error();
  got_plain_http_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
  const char* reason = ERR_reason_error_string(code);
  failure_ = reason == nullptr ? "the client left" : reason;
  ERR_clear_error();
  return Handshake::kFailed;
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(session_, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

bool TlsSession::is_resumed() const {
  return SSL_session_reused(session_) == 1;
}

IoResult TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(session_, into.data(), into.size(), &bytes);
  if (result == 1) return {IoStatus::kDone, bytes};
  return {status_of(result)};
}

bool TlsSession::has_buffered() const {
  return SSL_pending(session_) > 0;  // of a record that is whole: the rest of any other comes by the socket
}

// The bytes of one record, all or none of which are taken.
IoResult TlsSession::write_record(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(session_, bytes.data(), bytes.size(), &written);
  if (result == 1) return {IoStatus::kDone, written};
  const IoStatus status = status_of(result);
  if (status != IoStatus::kWouldBlock) return {IoStatus::kFailed};
  unsent_ = bytes;  // OpenSSL wants to see the same bytes again
  return {IoStatus::kDone, bytes.size()};
}

IoResult TlsSession::send_unsent() {
  const std::string again = std::exchange(unsent_, std::string());
  const IoResult result = write_record(again);
  return has_unsent() ? IoResult{IoStatus::kWouldBlock} : result;
}

IoResult TlsSession::write(std::span<const std::string_view> slices, std::span<char> record) {
  IoResult all{IoStatus::kWouldBlock};
  SliceReader reader(slices);
  while (!has_unsent() && !reader.is_at_end()) {
    const IoResult one = write_record(reader.take(record));
    if (one.status != IoStatus::kDone) return one;
    all = {IoStatus::kDone, all.bytes + one.bytes};
  }
  return all;
}

void TlsSession::say_end() {
  if (is_broken_ || has_unsent() || SSL_in_init(session_) == 1) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
}

}  // namespace fanfare::net
