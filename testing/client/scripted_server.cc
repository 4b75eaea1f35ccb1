#include "testing/client/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare::client_testing {

std::string ScriptedRequest::field(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const auto found = head.find(line);
  if (found == head.npos) return {};
  const auto begin = found + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

ScriptedServer::ScriptedServer(std::vector<ScriptedAnswer> answers)
    : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  FANFARE_CHECK(::bind(listener_, generic, length) == 0 && ::listen(listener_, 128) == 0);
  FANFARE_CHECK(::getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);  // accept() returns
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
}

std::string ScriptedServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::vector<ScriptedRequest> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::accept() {
  for (int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0;
       fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) {
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
    }
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void ScriptedServer::serve(int fd) {
  ScriptedRequest request;
  std::string received;
  std::array<char, 16 * 1024> bytes;
  std::size_t body_bytes = 0;
  for (bool is_whole = false; !is_whole;) {
    const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    received.append(bytes.data(), static_cast<std::size_t>(count));
    const auto end = received.find("\r\n\r\n");
    if (end == received.npos) continue;
    request.head = received.substr(0, end + 4);
    const std::string length = request.field("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), body_bytes);
    request.body = received.substr(end + 4);
    is_whole = request.body.size() >= body_bytes;
  }
  if (!request.head.empty()) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = requests_.size();
      requests_.push_back(std::move(request));
    }
    send(fd, answers_[std::min(number, answers_.size() - 1)]);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

void ScriptedServer::send(int fd, const ScriptedAnswer& answer) {
  std::this_thread::sleep_for(std::chrono::milliseconds(answer.delay_ms));
  for (std::string_view rest = answer.bytes; !rest.empty();) {
    const std::size_t piece = answer.piece_bytes == 0 ? rest.size() : std::min(rest.size(), answer.piece_bytes);
    const ssize_t sent = ::send(fd, rest.data(), piece, MSG_NOSIGNAL);
    if (sent <= 0) return;
    sent_bytes_ += static_cast<std::size_t>(sent);
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  if (answer.then == ScriptedAnswer::Then::kReset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return;
  }
  if (answer.then == ScriptedAnswer::Then::kEnd) ::shutdown(fd, SHUT_WR);
  std::array<char, 1024> ignored;  // until the client goes, or the server
  while (::recv(fd, ignored.data(), ignored.size(), 0) > 0) {
  }
}

std::string stream_head(std::string_view more) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n" + std::string(more) + "\r\n";
}

std::string empty_answer(int status, std::string_view more) {
  return "HTTP/1.1 " + std::to_string(status) + " So\r\nContent-Length: 0\r\nConnection: close\r\n" +
         std::string(more) + "\r\n";
}

}  // namespace fanfare::client_testing
