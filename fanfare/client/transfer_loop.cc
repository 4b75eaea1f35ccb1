// libcurl's sockets and timers on an io_context.
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "fanfare/client/transfer_state.h"

namespace fanfare::client {

namespace asio = boost::asio;

namespace {

struct CurlLibrary {
  CurlLibrary() { FANFARE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
};

using Loop = TransferLoop::State;

int on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* loop, void* /*socket*/) {
  static_cast<Loop*>(loop)->watch(fd, what);
  return 0;
}

int on_timer(CURLM* /*multi*/, long ms, void* loop) {
  static_cast<Loop*>(loop)->set_timer(ms);
  return 0;
}

}  // namespace

// A descriptor is curl's: it is watched here and never closed. Once curl is done with it another socket may have its
// number, while a call still holds on to this object: so it is let go at once, not when this ends.
struct Loop::Socket {
  explicit Socket(asio::io_context& context, curl_socket_t fd) : descriptor(context, fd) {}
  ~Socket() { let_go(); }
  void let_go() {
    wanted = 0;
    if (descriptor.is_open()) descriptor.release();
  }

  asio::posix::stream_descriptor descriptor;
  int wanted = 0;  // CURL_POLL_IN, CURL_POLL_OUT
  bool waits_in = false;
  bool waits_out = false;
};

Loop::State(asio::io_context& on) : context(on), timer(std::make_unique<asio::steady_timer>(on)) {
  static const CurlLibrary kLibrary;
  multi.reset(curl_multi_init());
  FANFARE_CHECK(multi != nullptr);
  curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, this);
}

Loop::~State() = default;

void Loop::watch(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    const auto found = sockets.find(fd);
    if (found == sockets.end()) return;
    found->second->let_go();
    sockets.erase(found);
    return;
  }
  auto& socket = sockets[fd];
  if (socket == nullptr) socket = std::make_shared<Socket>(context, fd);
  socket->wanted = what;
  wait(socket, fd);
}

void Loop::wait(const std::shared_ptr<Socket>& socket, curl_socket_t fd) {
  const auto begin = [&](int what, bool Socket::* waits, asio::posix::stream_descriptor::wait_type type, int event) {
    if ((socket->wanted & what) == 0 || std::exchange((*socket).*waits, true)) return;
    socket->descriptor.async_wait(
        type, [self = weak_from_this(), weak = std::weak_ptr(socket), waits, what, fd, event](const auto& error) {
          const auto held = weak.lock();
          const auto loop = self.lock();
          if (held == nullptr || loop == nullptr) return;
          (*held).*waits = false;
          if (error == asio::error::operation_aborted) return;
          if ((held->wanted & what) != 0) loop->act(fd, error ? CURL_CSELECT_ERR : event);
          // Unless curl is done with this socket; another one may have its number meanwhile.
          const auto found = loop->sockets.find(fd);
          if (found != loop->sockets.end() && found->second == held) loop->wait(held, fd);
        });
  };
  begin(CURL_POLL_IN, &Socket::waits_in, asio::posix::stream_descriptor::wait_read, CURL_CSELECT_IN);
  begin(CURL_POLL_OUT, &Socket::waits_out, asio::posix::stream_descriptor::wait_write, CURL_CSELECT_OUT);
}

void Loop::set_timer(long ms) {
  if (ms < 0) {
    timer->cancel();
    return;
  }
  timer->expires_after(std::chrono::milliseconds(ms));
  timer->async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto loop = self.lock();
    if (!error && loop != nullptr) loop->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void Loop::act(curl_socket_t fd, int events) {
  int running = 0;
  FANFARE_CHECK(curl_multi_socket_action(multi.get(), fd, events, &running) == CURLM_OK);
  end_transfers();
}

void Loop::end_transfers() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer::State* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->end(message->data.result);
  }
}

TransferLoop::TransferLoop(asio::io_context& context) : state_(std::make_shared<State>(context)) {}
TransferLoop::~TransferLoop() = default;

asio::io_context& TransferLoop::context() const {
  return state_->context;
}

}  // namespace fanfare::client
