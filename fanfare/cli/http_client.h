// The program's requests over HTTP: POST a body, or GET a stream and hand on its bytes as they come. Over libcurl,
// which only http_client.cc sees.
// What it is not: it knows no event streams and never repeats a request. One thread. Signals: SIGPIPE must be ignored.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/cli/answer.h"

namespace fanfare::cli {

struct HttpRequest {
  std::string url;
  std::string token;          // sent as a bearer token; empty: none
  std::string last_event_id;  // sent as Last-Event-ID; empty: none
  std::string_view content_type = "application/x-www-form-urlencoded";
  std::string body;  // of a POST
};

struct HttpAnswer {
  int status = 0;
  std::string body;  // its first 2 MiB
};

struct StreamHead {
  int status = 0;
  std::string content_type;
  std::optional<std::string> last_event_id;  // the response header of that name
};

enum class Next { kGoOn, kStop };

// What a stream's bytes come to. Order: on_head once, then on_bytes any number of times; wants_stop in between, after
// whatever woke the wait and at the latest after wait_ms_max.
class StreamVisitor {
 public:
  virtual ~StreamVisitor() = default;
  virtual void on_head(const StreamHead& head) = 0;
  virtual Next on_bytes(std::string_view bytes) = 0;
  virtual Next wants_stop() = 0;
  virtual int wait_ms_max() const = 0;
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // POSTs request.body. The connection is kept for the next call. Redirects are not followed. Fails after 10 s
  // without a connection and after 30 s without the whole answer.
  std::expected<HttpAnswer, NoAnswer> post(const HttpRequest& request);

  // GETs an event stream and follows redirects (credentials stay with the first host). Returns when the stream has
  // ended or the visitor stopped it (nothing), or why it broke. wake_fds: descriptors whose input (or end) wakes the
  // wait for bytes.
  std::optional<NoAnswer> stream(const HttpRequest& request, StreamVisitor& visitor, std::span<const int> wake_fds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanfare::cli
