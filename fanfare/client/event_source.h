// An event source for C++ programs: it connects, reads text/event-stream, reconnects and resumes (WHATWG HTML 9.2), by
// GET or any other request. Three ways to have its events, one at a time:
//
//   auto source = client::EventSource::open({.url = "https://example.com/events"});
//   while (auto event = source->next()) std::cout << event->data << '\n';                   blocking
//
//   co_await source.async_next(boost::asio::use_awaitable)                                  see async_next.h
//
//   {.on_event = [](const auto& event) { … }}                                               a handler
//
// Who takes no events for a while makes it read no more: nothing grows without bound.
// Any thread, unless the loop is the program's io_context (loop.h): then only the thread that runs that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/client/failure.h"
#include "fanfare/client/loop.h"
#include "fanfare/client/policy.h"
#include "fanfare/client/request.h"
#include "fanfare/client/response_head.h"
#include "fanfare/client/source_session.h"
#include "fanfare/client/source_visitor.h"

namespace fanfare::client {

// UTF-8: invalid bytes have become U+FFFD.
struct Event {
  std::string type;  // "message" if the stream named none
  std::string data;
  std::string last_event_id;
  std::string origin;  // of the URL that sent it, redirects followed
};

enum class NoEvent {
  kTimeout,
  kClosed,  // there will be no more; failure() says why
};
using NextEvent = std::expected<Event, NoEvent>;

// What a source tells besides, and asks; all of it optional. Called on the loop's thread, one call at a time, in the
// order that source_visitor.h gives; views are valid during the call. They may call close() of their source, and must
// not throw.
struct Handlers {
  // If there is one, next() and async_next() give no events. Those that come while it runs wait until it returns.
  std::function<void(const event_stream::Event&)> on_event = {};
  std::function<void(const Opened&)> on_open = {};
  std::function<void(std::string_view)> on_comment = {};
  std::function<void(const Failure&)> on_error = {};
  std::function<void(CloseReason)> on_closed = {};  // once, the last call of all
  std::function<ResponseVerdict(const ResponseHead&)> judge_response = {};
  std::function<FailureVerdict(const Failure&)> judge_failure = {};
};

struct EventSourceOptions {
  Policy policy = Policy::resilient();
  std::string last_event_id = {};  // where to go on; empty: what is published from now on
  // Of the events that wait for next(): beyond it nothing more is read until half of them are taken.
  std::size_t waiting_bytes_max = 1024 * 1024;
};

class EventSource {
 public:
  // Begins to connect. Fails at once if the request or the options cannot be meant (check_request, check_options).
  static Result<EventSource> open(Request request, EventSourceOptions options = {}, Handlers handlers = {},
                                  Loop loop = Loop::shared());
  // Closes it: on_closed has been called when this returns. From within one of its handlers it does not wait for that,
  // and on_closed is not called any more. Else it waits for the handler that runs, if any.
  ~EventSource();
  EventSource(EventSource&& other) noexcept;
  EventSource& operator=(EventSource&& other) noexcept;

  // The next event. Waits for it, at most so long; not on the loop's own thread, nor where the program runs the loop.
  NextEvent next(std::optional<std::chrono::milliseconds> timeout = {});
  // Calls back with it on the loop's thread, never within this call. One at a time.
  void when_next(std::move_only_function<void(NextEvent)> call);
  // The same for coroutines and other completion tokens of Boost.Asio: include async_next.h.
  template <typename CompletionToken>
  auto async_next(CompletionToken&& token);

  // No event, no reconnection and no call but on_closed follows. Events that wait are dropped.
  void close();

  ReadyState ready_state() const;
  // Of the last event that was given.
  std::string last_event_id() const;
  // What closed it; nothing while it is open, and if close() did or the stream just ended.
  std::optional<Failure> failure() const;

  class Core;

 private:
  EventSource(Loop loop, std::shared_ptr<Core> core);
  void end();

  Loop loop_;  // its thread stays as long as its sources
  std::shared_ptr<Core> core_;
};

}  // namespace fanfare::client
