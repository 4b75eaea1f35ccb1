// Requests over HTTP by libcurl, whose sockets and timers an io_context watches: many at once on one thread, which
// share connections, and over HTTP/2 one connection to each server.
// What it is not: it repeats nothing, waits for nothing, and knows no events.
// One thread: that which runs the io_context.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/client/request.h"
#include "fanfare/client/response_head.h"
#include "fanfare/client/source_session.h"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): Boost's
}

namespace fanfare::client {

// What a transfer brings: on_sent, on_head, on_bytes any number of times, on_end; each at most once but on_bytes, and
// none after on_end. The transfer must not be destroyed from within them.
class TransferVisitor {
 public:
  enum class Flow { kGoOn, kPause };

  virtual ~TransferVisitor() = default;
  // A connection is there; the request goes out now.
  virtual void on_sent() = 0;
  // The head of the final response. Of one with another status than 200, the beginning of the body is there, too.
  virtual void on_head(const ResponseHead& head) = 0;
  // Of the body of a response with status 200, or one that is to be accepted all the same; content codings are undone.
  // kPause: no more for now; these bytes have been taken.
  virtual Flow on_bytes(std::string_view bytes) = 0;
  // The response is complete, or why not.
  virtual void on_end(std::optional<TransportFailure> failure) = 0;
};

class TransferLoop {
 public:
  explicit TransferLoop(boost::asio::io_context& context);
  // Every transfer must be gone.
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  boost::asio::io_context& context() const;

  struct State;

 private:
  friend class Transfer;
  std::shared_ptr<State> state_;
};

class Transfer {
 public:
  // Begins it. request and visitor are borrowed; last_event_id: empty for none.
  Transfer(TransferLoop& loop, TransferVisitor& visitor, const Request& request, const std::string& last_event_id);
  // Drops it, whatever its state; its connection may be closed.
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // After Flow::kPause. May call the visitor.
  void resume();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace fanfare::client
