#include "fanfare/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cerrno>
#include <tuple>
#include <utility>

#include "fanfare/net/loop_parts.h"

namespace fanfare::net {
namespace {

using AsioSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

constexpr std::size_t kKeepAliveSecondsMax = 32'767;  // the kernel's

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);  // a hint: a socket without it still works
}

}  // namespace

// Lives until the last pending wait has come back, so that a Socket may be destroyed at any time.
struct Socket::Registration {
  AsioSocket socket;
  SocketVisitor* visitor;  // nullptr once the Socket is closed
  std::uint32_t references = 1;
  bool waits_readable = false;
  bool waits_writable = false;

  Registration(Loop& loop, SocketVisitor& to) : socket(loop.parts().context), visitor(&to) {}

  friend void intrusive_ptr_add_ref(Registration* registration) { ++registration->references; }
  friend void intrusive_ptr_release(Registration* registration) {
    if (--registration->references == 0) delete registration;
  }
};

Socket::Socket(Loop& loop, int fd, SocketVisitor& visitor, const Limits& limits)
    : registration_(new Registration(loop, visitor)), fd_(fd) {
  boost::system::error_code error;
  registration_->socket.assign(boost::asio::ip::tcp::v4(), fd, error);
  if (error) {  // the kernel has no room to watch one more
    ::close(std::exchange(fd_, -1));
    return;
  }
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(limits.unsent_bytes_max));
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limits.unacknowledged_ms));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  const auto keep_alive_s = [&](std::size_t part) {
    return static_cast<int>(std::clamp<std::size_t>(limits.dead_peer_ms / part / 1'000, 1, kKeepAliveSecondsMax));
  };
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_s(3));
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_s(6));
}

Socket::~Socket() {
  close();
  intrusive_ptr_release(registration_);
}

void Socket::start_tls(std::shared_ptr<const TlsContext> context) {
  tls_ = std::make_unique<TlsSession>(std::move(context), fd_);
}

void Socket::wait_readable() {
  if (fd_ < 0 || std::exchange(registration_->waits_readable, true)) return;
  auto call = [held = boost::intrusive_ptr(registration_)](const boost::system::error_code& = {}) {
    held->waits_readable = false;
    if (held->visitor != nullptr) held->visitor->on_readable();
  };
  if (has_buffered()) {  // the socket itself may have nothing more
    boost::asio::post(registration_->socket.get_executor(), std::move(call));
  } else {
    registration_->socket.async_wait(AsioSocket::wait_read, std::move(call));
  }
}

void Socket::wait_writable() {
  if (fd_ < 0 || std::exchange(registration_->waits_writable, true)) return;
  registration_->socket.async_wait(AsioSocket::wait_write,
                                   [held = boost::intrusive_ptr(registration_)](const boost::system::error_code&) {
                                     held->waits_writable = false;
                                     if (held->visitor != nullptr) held->visitor->on_writable();
                                   });
}

IoResult Socket::read(std::span<char> into) {
  if (tls_ != nullptr) return tls_->read(into);
  const ssize_t bytes = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  if (bytes > 0) return {IoStatus::kDone, static_cast<std::size_t>(bytes)};
  if (bytes == 0) return {IoStatus::kEnd};
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IoStatus::kWouldBlock : IoStatus::kFailed};
}

void Socket::send_last_in_clear(std::string_view bytes, std::span<char> scratch) {
  std::ignore = ::recv(fd_, scratch.data(), scratch.size(), MSG_DONTWAIT);
  std::ignore = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool Socket::is_peer_silent_for(std::size_t ms) const {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (fd_ < 0 || ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  const bool waits = info.tcpi_retransmits > 0 || info.tcpi_probes > 0;
  return waits && info.tcpi_last_ack_recv >= ms;
}

void Socket::shutdown_send() {
  if (fd_ < 0) return;
  if (tls_ != nullptr) tls_->say_end();
  ::shutdown(fd_, SHUT_WR);
}

void Socket::close() {
  if (std::exchange(fd_, -1) < 0) return;
  registration_->visitor = nullptr;
  if (tls_ != nullptr) tls_->say_end();
  boost::system::error_code ignored;
  registration_->socket.close(ignored);
}

void Socket::reset() {
  if (fd_ < 0) return;
  tls_.reset();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace fanfare::net
