#include "fanfare/server/web_socket.h"

#include <algorithm>

namespace fanfare {

using websocket::CloseCode;

void WebSocket::close(StreamEnd end) {
  switch (end) {
    case StreamEnd::kGap:
      return close(CloseCode::kTryAgainLater, "the log no longer holds what was missed: connect anew");
    case StreamEnd::kLogFailed:
      return close(CloseCode::kInternalError, "the event log could not be read");
    case StreamEnd::kFinished:
      return close(CloseCode::kGoingAway, "the hub has ended the stream: connect anew");
  }
}

// At its end: what is wrong with it comes first.
void WebSocket::on_message_end() {
  close(CloseCode::kUnsupportedData, "nothing is received here: publish by POST");
}

void WebSocket::on_close(CloseCode code, std::string_view /*reason*/) {
  note_ = "the client closed with " + std::to_string(static_cast<int>(code));
}

void WebSocket::on_failed(CloseCode code, std::string_view reason) {
  note_ = "closed with " + std::to_string(static_cast<int>(code)) + ": " + std::string(reason);
}

// Control frames come between units: one that is begun is sent to its end.
std::size_t WebSocket::compose(Subscription& subscription, std::span<std::string_view> slices) {
  control_first_ = subscription.is_between_units();
  if (!control_first_) return subscription.pull(slices.first(has_output() ? 1 : slices.size()));
  std::size_t count = 0;
  if (has_output()) slices[count++] = session_.output();
  if (is_open()) count += subscription.pull(slices.subspan(count));
  return count;
}

bool WebSocket::consume(Subscription& subscription, std::size_t bytes) {
  if (control_first_) {
    const std::size_t of_control = std::min(bytes, session_.output().size());
    session_.consume_output(of_control);
    bytes -= of_control;
  }
  const bool has_more = bytes > 0 && subscription.advance(bytes);
  return (has_more && is_open()) || (has_output() && subscription.is_between_units());
}

Subscription::Taken WebSocket::take(Subscription& subscription, std::size_t bytes_max, std::vector<HeldBytes>& into) {
  Subscription::Taken taken;
  const bool control_waits = has_output() || !is_open();
  if (control_waits && !subscription.is_between_units()) {
    taken = subscription.take(std::min(bytes_max, subscription.unit_rest()), into);
  }
  if (has_output() && subscription.is_between_units() && taken.bytes < bytes_max) {
    control_ = session_.output().substr(0, bytes_max - taken.bytes);
    session_.consume_output(control_.size());
    into.push_back({RenditionRef(), control_});
    taken.bytes += control_.size();
  }
  if (is_open() && !has_output() && taken.bytes < bytes_max) {
    const Subscription::Taken events = subscription.take(bytes_max - taken.bytes, into);
    return {.bytes = taken.bytes + events.bytes, .may_have_more = events.may_have_more};
  }
  taken.may_have_more = has_output() || (is_open() && taken.bytes == bytes_max);
  return taken;
}

}  // namespace fanfare
