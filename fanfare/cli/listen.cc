#include "fanfare/cli/listen.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "fanfare/cli/http_client.h"
#include "fanfare/cli/hub_url.h"
#include "fanfare/cli/interrupt.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/event_stream/parser.h"

namespace fanfare::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kDefaultRetryMs = 3'000;
constexpr std::uint64_t kRetryMsMax = 24 * 3'600 * 1'000;
constexpr int kWaitMsMax = 60'000;
constexpr std::size_t kRefusalBytesMax = 4'096;

bool has_colour(int fd) {
  const char* term = std::getenv("TERM");
  bool is_dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  return isatty(fd) == 1 && !is_dumb && std::getenv("NO_COLOR") == nullptr;
}

// The local time of day for people, the whole time in UTC for programs.
std::string time_text(EventForm form) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  bool is_utc = form == EventForm::kJson;
  is_utc ? gmtime_r(&now.tv_sec, &parts) : localtime_r(&now.tv_sec, &parts);
  char text[40];
  std::size_t size = std::strftime(text, sizeof text, is_utc ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03ld%s", now.tv_nsec / 1'000'000, is_utc ? "Z" : "");
  return text;
}

std::string seconds_text(std::chrono::milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(time.count()) / 1000);
  return text;
}

std::int64_t ms_until(Clock::time_point time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now()).count();
}

bool is_event_stream(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "text/event-stream";
}

class Listener : public StreamVisitor, public event_stream::ParserVisitor {
 public:
  explicit Listener(const ListenOptions& options);

  ExitCode run();

  void on_head(const StreamHead& head) override;
  Next on_bytes(std::string_view bytes) override;
  Next wants_stop() override;
  int wait_ms_max() const override;

  void on_event(const event_stream::Event& event) override;
  void on_retry(std::uint64_t milliseconds) override { retry_ms_ = std::min(milliseconds, kRetryMsMax); }

 private:
  void connect();
  void judge_refusal();
  void wait_to_reconnect();
  void flush();
  void check_ends();
  void finish(ExitCode code) {
    if (!result_) result_ = code;
  }
  void fail(const Failure& failure);
  void note(const std::string& text) const;
  void summarise() const;

  const ListenOptions& options_;
  Interrupt interrupt_;  // before client_, whose threads inherit the blocked signals
  HttpClient client_;
  std::vector<int> wake_fds_;
  Colour colour_;
  Clock::time_point begin_ = Clock::now();

  std::optional<ExitCode> result_;  // set once the command is to end
  std::string last_event_id_;
  std::uint64_t retry_ms_ = kDefaultRetryMs;
  std::uint64_t events_ = 0;
  std::uint64_t connections_ = 0;
  bool is_lost_ = false;  // said so, and not connected again since

  // Of the current connection.
  std::optional<event_stream::Parser> parser_;
  std::optional<StreamHead> head_;
  std::string refusal_;
  std::string out_;
};

Listener::Listener(const ListenOptions& options)
    : options_(options),
      colour_(has_colour(STDOUT_FILENO) ? Colour::kOn : Colour::kOff),
      last_event_id_(options.last_event_id) {
  wake_fds_.push_back(interrupt_.fd());
  if (is_pipe(STDOUT_FILENO)) wake_fds_.push_back(STDOUT_FILENO);  // wakes when its reader goes
}

ExitCode Listener::run() {
  while (!result_) {
    connect();
    if (!result_) wait_to_reconnect();
  }
  summarise();
  return *result_;
}

void Listener::connect() {
  head_.reset();
  parser_.reset();
  refusal_.clear();
  auto broken = client_.stream(
      {.url = options_.url, .token = options_.token, .last_event_id = last_event_id_, .body = {}}, *this, wake_fds_);
  if (parser_) last_event_id_ = parser_->last_event_id();
  if (result_) return;
  if (head_ && !parser_) return judge_refusal();
  if (broken && connections_ == 0) return fail(explain(*broken, options_.url));
  if (is_lost_) return;
  is_lost_ = true;
  std::string why = broken ? printable(broken->reason) : "the server ended the stream";
  note("connection lost (" + why + "); reconnecting every " + seconds_text(std::chrono::milliseconds(retry_ms_)));
}

void Listener::on_head(const StreamHead& head) {
  head_ = head;
  if (head.status != 200 || !is_event_stream(head.content_type)) return;
  ++connections_;
  is_lost_ = false;
  parser_.emplace(*this, last_event_id_);
  note((connections_ == 1 ? "connected to " : "connected again to ") + printable(shown_url(options_.url)));
  if (!last_event_id_.empty() && head.last_event_id && *head.last_event_id != last_event_id_) {
    note("updates were missed: the hub no longer holds what followed " + printable(last_event_id_));
  }
}

Next Listener::on_bytes(std::string_view bytes) {
  if (!parser_) {
    refusal_ += bytes.substr(0, kRefusalBytesMax - std::min(refusal_.size(), kRefusalBytesMax));
    return head_->status == 200 || refusal_.size() >= kRefusalBytesMax ? Next::kStop : Next::kGoOn;
  }
  auto fed = parser_->feed(bytes);
  flush();
  if (!fed) fail({ExitCode::kServer, "the stream cannot be read: " + fed.error().message});
  return result_ ? Next::kStop : Next::kGoOn;
}

Next Listener::wants_stop() {
  check_ends();
  return result_ ? Next::kStop : Next::kGoOn;
}

int Listener::wait_ms_max() const {
  if (!options_.duration) return kWaitMsMax;
  return static_cast<int>(std::clamp<std::int64_t>(ms_until(begin_ + *options_.duration), 0, kWaitMsMax));
}

void Listener::on_event(const event_stream::Event& event) {
  if (result_) return;
  switch (options_.form) {
    case EventForm::kPretty:
      append_pretty(out_, event, time_text(options_.form), colour_);
      break;
    case EventForm::kJson:
      append_json(out_, event, time_text(options_.form));
      break;
    case EventForm::kData:
      append_data(out_, event);
      break;
  }
  ++events_;
  if (events_ == options_.count) finish(ExitCode::kDone);
}

// What came in one piece leaves in one write.
void Listener::flush() {
  Wrote wrote = write_all(STDOUT_FILENO, out_, interrupt_.fd());
  out_.clear();
  if (wrote == Wrote::kClosed || wrote == Wrote::kInterrupted) finish(ExitCode::kDone);
  if (wrote == Wrote::kFailed) fail({ExitCode::kFailed, std::string("standard output: ") + std::strerror(errno)});
}

void Listener::judge_refusal() {
  if (head_->status == 204) {
    note("the server asks to stop (204 No Content)");
    return finish(ExitCode::kDone);
  }
  if (head_->status != 200) return fail(explain_status(head_->status, refusal_));
  std::string type = head_->content_type.empty() ? "no content type" : printable(head_->content_type);
  fail({ExitCode::kServer, "not an event stream: the answer is 200 with " + type + ", not text/event-stream"});
}

void Listener::wait_to_reconnect() {
  auto until = Clock::now() + std::chrono::milliseconds(retry_ms_);
  for (check_ends(); !result_; check_ends()) {
    std::int64_t left_ms = ms_until(until);
    if (left_ms <= 0) return;
    std::vector<pollfd> fds;
    for (int fd : wake_fds_) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), static_cast<int>(std::min<std::int64_t>(left_ms, wait_ms_max())));
  }
}

void Listener::check_ends() {
  bool is_over = options_.duration && Clock::now() - begin_ >= *options_.duration;
  if (interrupt_.has_come() || is_reader_gone(STDOUT_FILENO)) return finish(ExitCode::kDone);
  if (is_over) finish(events_ < options_.count ? ExitCode::kFailed : ExitCode::kDone);
}

void Listener::fail(const Failure& failure) {
  std::fprintf(stderr, "fanfare listen: %s\n", failure.message.c_str());
  finish(failure.exit_code);
}

void Listener::note(const std::string& text) const {
  if (options_.quiet) return;
  bool dim = has_colour(STDERR_FILENO);
  std::fprintf(stderr, "%sfanfare listen: %s%s\n", dim ? "\x1b[2m" : "", text.c_str(), dim ? "\x1b[0m" : "");
}

void Listener::summarise() const {
  if (connections_ == 0) return;
  if (interrupt_.has_come() && isatty(STDERR_FILENO) == 1) std::fputc('\n', stderr);  // after the terminal's ^C
  std::string text = std::to_string(events_) + (events_ == 1 ? " event in " : " events in ");
  text += seconds_text(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_));
  if (connections_ > 1) text += ", connected " + std::to_string(connections_) + " times";
  note(text);
}

}  // namespace

ExitCode listen(const ListenOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  return Listener(options).run();
}

}  // namespace fanfare::cli
