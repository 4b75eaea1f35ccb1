#include "fanfare/client/source_driver.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

namespace fanfare::client {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t now_ms() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count());
}

}  // namespace

// What is posted holds on to it, and finds no driver when that is gone.
struct SourceDriver::Timer {
  Timer(boost::asio::io_context& context, SourceDriver& its_driver) : timer(context), driver(&its_driver) {}

  boost::asio::steady_timer timer;
  SourceDriver* driver;
};

SourceDriver::SourceDriver(TransferLoop& loop, SourceVisitor& visitor, Request request, SourceOptions options)
    : loop_(loop),
      request_(std::move(request)),
      session_(visitor, std::move(options)),
      timer_(std::make_shared<Timer>(loop.context(), *this)),
      wake_ms_(Next::kNever) {}

SourceDriver::~SourceDriver() {
  timer_->driver = nullptr;
  timer_->timer.cancel();
}

void SourceDriver::close() {
  session_.close();
  proceed_later();
}

void SourceDriver::pause() {
  session_.pause();
}

void SourceDriver::resume() {
  session_.resume(now_ms());
  proceed_later();
}

void SourceDriver::on_head(const ResponseHead& head) {
  session_.receive_head(head, now_ms());
  if (session_.next().what != Next::Do::kReceive) proceed_later();
}

TransferVisitor::Flow SourceDriver::on_bytes(std::string_view bytes) {
  session_.receive(bytes, now_ms());
  const Next::Do next = session_.next().what;
  if (next == Next::Do::kReceive) return Flow::kGoOn;
  proceed_later();
  return Flow::kPause;
}

void SourceDriver::on_end(std::optional<TransportFailure> failure) {
  failure ? session_.transport_failed(std::move(*failure), now_ms()) : session_.receive_end(now_ms());
  proceed_later();
}

// Not from within a transfer's call: that may end here.
void SourceDriver::proceed() {
  session_.tick(now_ms());
  const Next next = session_.next();
  switch (next.what) {
    case Next::Do::kConnect: {
      transfer_.reset();
      const std::string last_event_id = session_.begin_request(now_ms());
      transfer_ = std::make_unique<Transfer>(loop_, *this, request_, last_event_id);
      return wake_at(session_.next().wake_ms);
    }
    case Next::Do::kReceive:
      transfer_->resume();  // may bring bytes
      break;
    case Next::Do::kHold:
      break;
    case Next::Do::kWait:
      transfer_.reset();
      break;
    case Next::Do::kDone:
      transfer_.reset();
      timer_->timer.cancel();
      return;
  }
  wake_at(session_.next().wake_ms);
}

void SourceDriver::proceed_later() {
  if (std::exchange(will_proceed_, true)) return;
  boost::asio::post(loop_.context(), [timer = timer_] {
    if (timer->driver == nullptr) return;
    timer->driver->will_proceed_ = false;
    timer->driver->proceed();
  });
}

// A timer that is set to an earlier time stays: bytes that come put the time off again and again.
void SourceDriver::wake_at(std::uint64_t ms) {
  if (ms >= wake_ms_) return;
  wake_ms_ = ms;
  timer_->timer.expires_at(Clock::time_point(std::chrono::milliseconds(ms)));
  timer_->timer.async_wait([timer = timer_](const boost::system::error_code& error) {
    if (error || timer->driver == nullptr) return;
    timer->driver->wake_ms_ = Next::kNever;
    timer->driver->proceed();
  });
}

}  // namespace fanfare::client
