// An HTTP server of a test, on a free port of this machine, that says to every request just what it was told to: an
// identity provider, well or ill. It ends each connection after its answer. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fanfare::live {

class WebServer {
 public:
  WebServer();
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  std::string url(std::string_view path) const;
  // The bytes of the answer from now on; empty: it says nothing, and leaves the connection open.
  void set_answer(std::string bytes);
  // The heads of all requests so far.
  std::vector<std::string> requests() const;

 private:
  void serve();

  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string answer_;
  std::vector<std::string> requests_;
  std::vector<int> open_;  // that were left open
  std::thread thread_;
};

// 200 with this body; headers: whole lines, each with its CRLF.
std::string ok_answer(std::string_view body, std::string_view headers = {});

}  // namespace fanfare::live
