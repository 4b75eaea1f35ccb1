// For tests, not for the program: a whole server on a thread of this process, with a log in memory, and the far end of
// connections to it, byte by byte. Nothing sleeps: every wait is for bytes, and fails the test after kPatience_ms.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history/memory_log.h"
#include "fanfare/server/server.h"

namespace fanfare {

inline constexpr int kPatience_ms = 10'000;
inline constexpr std::string_view kTestKey = "the secret that all tests share.";

inline std::string token_for(std::vector<std::string> publish, std::vector<std::string> subscribe,
                             std::optional<std::int64_t> expires_at_s = {}) {
  return make_token(kTestKey, {std::move(publish), std::move(subscribe), expires_at_s});
}

// Asks again and again until it holds; fails the test if it does not come to.
inline void eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatience_ms);
  while (!holds()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::yield();
  }
}

class ServerUnderTest {
 public:
  using Change = std::function<void(ServerOptions&)>;

  // Two threads, anybody may subscribe. log: borrowed; else one in memory.
  explicit ServerUnderTest(const Change& change = {}, EventLog* history = nullptr) : own_history_(Limits{}) {
    ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.threads = 2;
    const KeySet keys({Key::from_secret(kTestKey, Algorithm::kHs256).value()});
    options.access.issuers = {{.name = "", .publisher_keys = keys, .subscriber_keys = keys}};
    options.access.anonymous = true;
    options.version = "test";
    options.limits.linger_ms = 100;
    if (change) change(options);
    auto opened = Server::open(std::move(options), history != nullptr ? *history : own_history_, log_);
    FANFARE_CHECK(opened.has_value());
    server_ = std::move(*opened);
    const std::string address = server_->addresses().front();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    thread_ = std::thread([this] { server_->run(); });
  }
  ~ServerUnderTest() {
    if (!thread_.joinable()) return;
    server_->stop();
    server_->stop();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  Server& server() { return *server_; }
  void join() { thread_.join(); }
  // After join().
  std::string log_text() const { return log_text_.str(); }

 private:
  MemoryLog own_history_;
  std::ostringstream log_text_;
  Log log_{LogFormat::kText, LogLevel::kDebug, log_text_};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct TestAnswer {
  int status = 0;
  std::string head;
  std::string body;

  bool has(std::string_view line) const { return head.find("\r\n" + std::string(line) + "\r\n") != head.npos; }
};

class Client {
 public:
  // receive_buffer_bytes 0: as the system likes.
  explicit Client(std::uint16_t port, int receive_buffer_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int fd() const { return fd_; }
  bool is_connected() const { return is_connected_; }
  Client& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      is_broken_ = sent <= 0;
      if (is_broken_) return *this;  // what the server said can still be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }
  Client& end_sending() {
    ::shutdown(fd_, SHUT_WR);
    return *this;
  }

  // What comes up to and with the marker. Fails the test when it does not come; then nothing.
  std::string read_through(std::string_view marker) {
    std::size_t searched = 0;
    for (;;) {
      const auto found = received_.find(marker, searched);
      if (found != received_.npos) return take(found + marker.size());
      searched = received_.size() < marker.size() ? 0 : received_.size() - marker.size();
      if (receive()) continue;
      ADD_FAILURE() << "no '" << marker << "' but: " << tail();
      return {};
    }
  }
  std::string read_bytes(std::size_t count) {
    while (received_.size() < count) {
      if (receive()) continue;
      ADD_FAILURE() << "fewer than " << count << " bytes: " << tail();
      return {};
    }
    return take(count);
  }
  // Fewer if the connection ends before.
  std::string read_bytes_or_end(std::size_t count) {
    while (received_.size() < count && receive()) {
    }
    return take(std::min(count, received_.size()));
  }
  // All until the server ends the connection.
  std::string read_to_end() {
    while (receive()) {
    }
    EXPECT_TRUE(has_ended_) << "the connection stays open after: " << tail();
    return take(received_.size());
  }
  // Whether the connection ended by a reset.
  bool was_reset() const { return was_reset_; }
  // Whether the server did not take what was sent.
  bool is_broken() const { return is_broken_; }

  // An answer with Content-Length, or the head of a stream. A HEAD request's has no body.
  TestAnswer read_answer(bool of_head = false) {
    TestAnswer answer;
    answer.head = read_through("\r\n\r\n");
    if (answer.head.size() < 12) return answer;
    answer.status = std::stoi(answer.head.substr(9, 3));
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const auto length = answer.head.find(kLength);
    if (length != answer.head.npos && !of_head) {
      answer.body = read_bytes(std::stoul(answer.head.substr(length + kLength.size())));
    }
    return answer;
  }
  // The bytes of one chunk; empty for the last one.
  std::string read_chunk() {
    const std::string line = read_through("\r\n");
    std::size_t size = 0;
    std::from_chars(line.data(), line.data() + line.size(), size, 16);
    std::string chunk = read_bytes(size + 2);
    EXPECT_TRUE(chunk.ends_with("\r\n"));
    return chunk.substr(0, size);
  }
  // The next event of the stream, without comments before it; empty if the response has ended.
  std::string read_event() {
    for (;;) {
      while (payload_.starts_with(":\n")) payload_.erase(0, 2);
      if (const auto end = payload_.find("\n\n"); end != payload_.npos) {
        std::string event = payload_.substr(0, end + 2);
        payload_.erase(0, end + 2);
        return event;
      }
      const std::string chunk = read_chunk();
      if (chunk.empty()) return {};
      payload_ += chunk;
    }
  }

 private:
  bool receive() {
    if (has_ended_) return false;
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, kPatience_ms) <= 0) return false;
    std::array<char, 64 * 1024> bytes;
    const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
    has_ended_ = count <= 0;
    was_reset_ = count < 0;
    if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  std::string take(std::size_t count) {
    std::string taken = received_.substr(0, count);
    received_.erase(0, count);
    return taken;
  }
  std::string tail() const { return received_.substr(received_.size() - std::min<std::size_t>(received_.size(), 300)); }

  int fd_;
  bool is_connected_ = false;
  bool has_ended_ = false;
  bool was_reset_ = false;
  bool is_broken_ = false;
  std::string received_;
  std::string payload_;  // of chunks, not yet given as events
};

// Requests. headers: whole lines, each with its CRLF.
inline std::string get(std::string_view target, std::string_view headers = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

inline std::string subscribe(std::string_view query, std::string_view headers = {}) {
  return get("/.well-known/mercure?" + std::string(query), headers);
}

inline std::string post(std::string_view form, std::string_view token, std::string_view headers = {}) {
  std::string text = "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\n";
  if (!token.empty()) text.append("Authorization: Bearer ").append(token).append("\r\n");
  text.append("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
  return text.append(std::to_string(form.size())).append("\r\n").append(headers).append("\r\n").append(form);
}

inline TestAnswer ask(std::uint16_t port, std::string_view request) {
  return Client(port).send(request).read_answer();
}

// A number of /metrics.
inline std::uint64_t metric(std::uint16_t port, std::string_view name) {
  const std::string text = ask(port, get("/metrics")).body;
  const auto found = text.find("\n" + std::string(name) + " ");
  if (found == text.npos) return 0;
  return std::stoull(text.substr(found + name.size() + 2));
}

// A subscriber whose stream is open: its first comment has come.
class Subscriber : public Client {
 public:
  Subscriber(std::uint16_t port, std::string_view query, std::string_view headers = {}, int receive_buffer_bytes = 0)
      : Client(port, receive_buffer_bytes) {
    send(subscribe(query, headers));
    answer = read_answer();
    EXPECT_EQ(answer.status, 200) << answer.body;
    if (answer.status == 200) {
      EXPECT_EQ(read_chunk(), ":\n");
    }
  }

  TestAnswer answer;
};

}  // namespace fanfare
