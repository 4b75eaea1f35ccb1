// An HTTP/1.1 server of a test, on a free port of this machine, that says to each request just what its script says,
// byte by byte if that is wanted. Each connection has a thread of its own and carries one request. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fanfare::client_testing {

struct ScriptedAnswer {
  enum class Then { kEnd, kHold, kReset };

  std::string bytes = {};  // head and body; empty: not a word
  Then then = Then::kEnd;
  std::size_t piece_bytes = 0;  // sent one after the other; 0: all at once
  int delay_ms = 0;             // before its first byte
};

struct ScriptedRequest {
  std::string head;  // with its blank line
  std::string body;

  // The value of the field; empty if there is none.
  std::string field(std::string_view name) const;
};

class ScriptedServer {
 public:
  // The n-th request gets the n-th answer, further ones the last one.
  explicit ScriptedServer(std::vector<ScriptedAnswer> answers);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(std::string_view path = "/") const;
  std::vector<ScriptedRequest> requests() const;
  std::size_t sent_bytes() const { return sent_bytes_; }

 private:
  void accept();
  void serve(int fd);
  void send(int fd, const ScriptedAnswer& answer);

  const std::vector<ScriptedAnswer> answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> sent_bytes_ = 0;
  std::thread acceptor_;
};

// The head of an event stream that ends with its connection; more: whole lines, each with its CRLF. And all of one.
std::string stream_head(std::string_view more = {});
inline std::string stream_of(std::string_view body, std::string_view more = {}) {
  return stream_head(more) + std::string(body);
}
// A response without a body.
std::string empty_answer(int status, std::string_view more = {});

}  // namespace fanfare::client_testing
