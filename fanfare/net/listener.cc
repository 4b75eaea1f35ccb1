#include "fanfare/net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "fanfare/net/loop_parts.h"

namespace fanfare::net {
namespace {

using AsioAcceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

constexpr int kBacklog = 4096;
constexpr int kAcceptsAtOnce = 64;  // then the loop gets its turn
constexpr std::chrono::milliseconds kPauseWithoutFiles{100};

bool is_out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

struct Listener::State : std::enable_shared_from_this<State> {
  AsioAcceptor acceptor;
  Timer retry;
  OnAccept on_accept;
  bool accepting = false;
  bool waiting = false;

  State(Loop& loop, const Address& address, int fd, OnAccept callback)
      : acceptor(loop.parts().context,
                 address.storage.ss_family == AF_INET6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd),
        retry(loop),
        on_accept(std::move(callback)) {}

  void wait() {
    if (waiting || !accepting) return;
    waiting = true;
    acceptor.async_wait(AsioAcceptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      self->waiting = false;
      if (!error) self->accept_some();
    });
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsAtOnce && accepting; ++i) {
      Address peer;
      peer.length = sizeof peer.storage;
      const int fd = ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        on_accept(fd, peer);
      } else if (is_out_of_resources(errno)) {
        retry.start(kPauseWithoutFiles, [self = shared_from_this()] { self->wait(); });
        return;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }  // else: that connection is gone already; the next one may be fine
    }
    wait();
  }
};

// SO_REUSEPORT lets every process of the same user share a port, also one that was started twice by mistake. A socket
// without it can be bound only where nobody listens.
Result<void> Listener::check_free(const Address& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail("cannot listen on " + address.text() + ": " + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length);
  const int error = errno;
  ::close(fd);
  if (bound == 0) return {};
  return fail("cannot listen on " + address.text() + ": " + std::strerror(error));
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const Address& address, OnAccept on_accept) {
  const auto refuse = [&](const char* what) {
    return fail("cannot listen on " + address.text() + ": " + what + ": " + std::strerror(errno));
  };
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse("no socket");
  const auto state = std::make_shared<State>(loop, address, fd, std::move(on_accept));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return refuse("SO_REUSEPORT");
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) return refuse("bind");
  if (::listen(fd, kBacklog) != 0) return refuse("listen");
  return std::unique_ptr<Listener>(new Listener(state));
}

Listener::~Listener() {
  pause();
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

Address Listener::address() const {
  return local_address(const_cast<State&>(*state_).acceptor.native_handle());
}

void Listener::start() {
  state_->accepting = true;
  state_->wait();
}

void Listener::pause() {
  state_->accepting = false;
  state_->retry.cancel();
}

}  // namespace fanfare::net
