#include "fanfare/client/event_source.h"

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <random>
#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/client/loop_state.h"
#include "fanfare/client/source_driver.h"

namespace fanfare::client {
namespace {

constexpr std::size_t kEventOverheadBytes = 200;  // of one that waits, beside its text

std::size_t bytes_of(const Event& event) {
  return event.type.size() + event.data.size() + event.last_event_id.size() + kEventOverheadBytes;
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

// The source itself, of which EventSource is a handle. Members below "the loop's thread" are of that thread alone.
class EventSource::Core final : public SourceVisitor, public std::enable_shared_from_this<Core> {
 public:
  Core(Request request, SourceOptions options, Handlers handlers, std::size_t waiting_bytes_max,
       std::shared_ptr<LoopContext> inside)
      : inside_(std::move(inside)),
        handlers_(std::move(handlers)),
        waiting_bytes_max_(waiting_bytes_max),
        last_event_id_(options.last_event_id),
        driver_(std::in_place, inside_->transfers, *this, std::move(request), std::move(options)) {}

  void start() {
    post([this] {
      if (driver_) driver_->start();
    });
  }
  NextEvent next(std::optional<std::chrono::milliseconds> timeout);
  void when_next(std::move_only_function<void(NextEvent)> call);
  void close();
  void end();
  ReadyState ready_state() const;
  std::string last_event_id() const;
  std::optional<Failure> failure() const;

  // SourceVisitor
  ResponseVerdict judge_response(const ResponseHead& head) override;
  FailureVerdict judge_failure(const Failure& failure) override;
  void on_open(const Opened& opened) override;
  void on_event(const event_stream::Event& event) override;
  void on_comment(std::string_view text) override;
  void on_error(const Failure& failure) override;
  void on_closed(CloseReason reason) override;

 private:
  template <typename Work>
  void post(Work work) {
    boost::asio::post(inside_->context, [self = shared_from_this(), work = std::move(work)]() mutable { work(); });
  }
  // Calls a handler. The driver must not go meanwhile.
  template <typename Handler, typename... Arguments>
  auto tell(const Handler& handler, const Arguments&... arguments) {
    in_call_ = true;
    const struct End {
      ~End() { in_call = false; }
      bool& in_call;
    } end{in_call_};
    return handler(arguments...);
  }
  bool is_silent() const;
  Event take_waiting();
  void end_here();

  const std::shared_ptr<LoopContext> inside_;
  const Handlers handlers_;
  const std::size_t waiting_bytes_max_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_full_ = false;     // and nothing is read
  bool is_closing_ = false;  // nothing is told but on_closed
  std::string last_event_id_;
  ReadyState state_ = ReadyState::kConnecting;
  std::optional<Failure> failure_;
  std::move_only_function<void(NextEvent)> wanted_;

  // The loop's thread.
  std::optional<SourceDriver> driver_;
  std::string origin_;
  bool in_call_ = false;
  bool is_ended_ = false;  // the handle is gone: nothing is told
};

// --- Events ------------------------------------------------------------------------------------------------------

bool EventSource::Core::is_silent() const {
  const std::lock_guard lock(mutex_);
  return is_closing_ || is_ended_;
}

void EventSource::Core::on_event(const event_stream::Event& event) {
  if (is_silent()) return;
  if (handlers_.on_event) {
    {
      const std::lock_guard lock(mutex_);
      last_event_id_ = event.last_event_id;
    }
    return tell(handlers_.on_event, event);
  }
  Event copy{std::string(event.type), std::string(event.data), std::string(event.last_event_id), origin_};
  std::unique_lock lock(mutex_);
  if (is_closing_) return;
  if (wanted_) {
    last_event_id_ = copy.last_event_id;
    auto call = std::exchange(wanted_, nullptr);
    lock.unlock();
    post([call = std::move(call), copy = std::move(copy)]() mutable { call(std::move(copy)); });
    return;
  }
  waiting_bytes_ += bytes_of(copy);
  is_full_ = waiting_bytes_ >= waiting_bytes_max_;
  if (is_full_) driver_->pause();
  waiting_.push_back(std::move(copy));
  lock.unlock();
  changed_.notify_one();
}

// With the mutex held.
Event EventSource::Core::take_waiting() {
  Event event = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= bytes_of(event);
  last_event_id_ = event.last_event_id;
  if (is_full_ && waiting_bytes_ <= waiting_bytes_max_ / 2) {
    is_full_ = false;
    post([this] {
      if (driver_) driver_->resume();
    });
  }
  return event;
}

NextEvent EventSource::Core::next(std::optional<std::chrono::milliseconds> timeout) {
  FANFARE_CHECK(!inside_->is_here());
  std::unique_lock lock(mutex_);
  const auto is_closed = [this] { return is_closing_ || state_ == ReadyState::kClosed; };
  const auto has_something = [&] { return !waiting_.empty() || is_closed(); };
  if (timeout) {
    changed_.wait_for(lock, *timeout, has_something);
  } else {
    changed_.wait(lock, has_something);
  }
  if (!waiting_.empty()) return take_waiting();
  return std::unexpected(is_closed() ? NoEvent::kClosed : NoEvent::kTimeout);
}

void EventSource::Core::when_next(std::move_only_function<void(NextEvent)> call) {
  const std::lock_guard lock(mutex_);
  FANFARE_CHECK(!wanted_);
  if (!waiting_.empty()) {
    post([call = std::move(call), event = take_waiting()]() mutable { call(std::move(event)); });
  } else if (is_closing_ || state_ == ReadyState::kClosed) {
    post([call = std::move(call)]() mutable { call(std::unexpected(NoEvent::kClosed)); });
  } else {
    wanted_ = std::move(call);
  }
}

// --- What else happens -------------------------------------------------------------------------------------------

ResponseVerdict EventSource::Core::judge_response(const ResponseHead& head) {
  return handlers_.judge_response ? tell(handlers_.judge_response, head) : ResponseVerdict::by_policy();
}

FailureVerdict EventSource::Core::judge_failure(const Failure& failure) {
  return handlers_.judge_failure ? tell(handlers_.judge_failure, failure) : FailureVerdict::by_policy();
}

void EventSource::Core::on_open(const Opened& opened) {
  origin_ = opened.origin;
  {
    const std::lock_guard lock(mutex_);
    state_ = ReadyState::kOpen;
  }
  if (handlers_.on_open && !is_silent()) tell(handlers_.on_open, opened);
}

void EventSource::Core::on_comment(std::string_view text) {
  if (!is_silent()) tell(handlers_.on_comment, text);
}

void EventSource::Core::on_error(const Failure& failure) {
  {
    const std::lock_guard lock(mutex_);
    state_ = ReadyState::kConnecting;
    if (failure.is_final()) failure_ = failure;
  }
  if (handlers_.on_error && !is_silent()) tell(handlers_.on_error, failure);
}

void EventSource::Core::on_closed(CloseReason reason) {
  std::move_only_function<void(NextEvent)> call;
  {
    const std::lock_guard lock(mutex_);
    state_ = ReadyState::kClosed;
    call = std::move(wanted_);
    wanted_ = nullptr;
  }
  changed_.notify_all();
  if (call) post([call = std::move(call)]() mutable { call(std::unexpected(NoEvent::kClosed)); });
  if (handlers_.on_closed && !is_ended_) tell(handlers_.on_closed, reason);
}

// --- The end -----------------------------------------------------------------------------------------------------

void EventSource::Core::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (inside_->is_here()) {
    if (driver_) driver_->close();
  } else {
    post([this] {
      if (driver_) driver_->close();
    });
  }
}

// The handle goes.
void EventSource::Core::end() {
  if (inside_->is_here()) return end_here();
  std::promise<void> ended;
  post([this, &ended] {
    end_here();
    ended.set_value();
  });
  ended.get_future().wait();
}

void EventSource::Core::end_here() {
  if (driver_) driver_->close();
  is_ended_ = true;
  if (in_call_) {
    post([this] { driver_.reset(); });
  } else {
    driver_.reset();
  }
}

ReadyState EventSource::Core::ready_state() const {
  const std::lock_guard lock(mutex_);
  return is_closing_ ? ReadyState::kClosed : state_;
}

std::string EventSource::Core::last_event_id() const {
  const std::lock_guard lock(mutex_);
  return last_event_id_;
}

std::optional<Failure> EventSource::Core::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// --- The handle --------------------------------------------------------------------------------------------------

Result<EventSource> EventSource::open(Request request, EventSourceOptions options, Handlers handlers, Loop loop) {
  SourceOptions of_session{.policy = options.policy,
                           .method = request.method,
                           .last_event_id = std::move(options.last_event_id),
                           .comments = handlers.on_comment ? Comments::kDeliver : Comments::kSkip,
                           .seed = random_seed()};
  if (auto checked = check_request(request); !checked) return std::unexpected(std::move(checked.error()));
  if (auto checked = check_options(of_session); !checked) return std::unexpected(std::move(checked.error()));
  auto core = std::make_shared<Core>(std::move(request), std::move(of_session), std::move(handlers),
                                     options.waiting_bytes_max, loop.state()->inside);
  core->start();
  return EventSource(std::move(loop), std::move(core));
}

EventSource::EventSource(Loop loop, std::shared_ptr<Core> core) : loop_(std::move(loop)), core_(std::move(core)) {}
EventSource::EventSource(EventSource&& other) noexcept = default;

EventSource& EventSource::operator=(EventSource&& other) noexcept {
  if (this != &other) {
    end();
    core_ = std::move(other.core_);
    loop_ = std::move(other.loop_);
  }
  return *this;
}

EventSource::~EventSource() {
  end();
}

void EventSource::end() {
  if (core_ != nullptr) std::exchange(core_, nullptr)->end();
}

NextEvent EventSource::next(std::optional<std::chrono::milliseconds> timeout) {
  return core_->next(timeout);
}

void EventSource::when_next(std::move_only_function<void(NextEvent)> call) {
  core_->when_next(std::move(call));
}

void EventSource::close() {
  core_->close();
}

ReadyState EventSource::ready_state() const {
  return core_->ready_state();
}

std::string EventSource::last_event_id() const {
  return core_->last_event_id();
}

std::optional<Failure> EventSource::failure() const {
  return core_->failure();
}

}  // namespace fanfare::client
