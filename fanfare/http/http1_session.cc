#include "fanfare/http/http1_session.h"

#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/http/http1_body.h"
#include "fanfare/http/http1_head.h"
#include "fanfare/http/http1_response.h"

namespace fanfare::http {
namespace {

// clear() would keep the memory.
void release(std::string& bytes) {
  std::string().swap(bytes);
}

std::size_t heap_bytes(const std::string& bytes) {
  static const std::size_t kInlineCapacity = std::string().capacity();
  return bytes.capacity() > kInlineCapacity ? bytes.capacity() + 1 : 0;
}

// Of a whole head, empty lines before it included.
bool is_head_request(std::string_view head) {
  head.remove_prefix(head.find_first_not_of("\r\n"));
  return head.starts_with("HEAD ");
}

}  // namespace

// Phases and what leads from one to the next:
//
//   kHead ─ head ─> kBody ─ end ─> kAnswering ─ respond ─> kHead, or kDraining while much output is unsent
//     └──── head without a body ──────┘ └─ begin_stream ─> kStreaming ─ end_stream ─> the same
//
// and to kClosing from everywhere. `input` holds, in kHead, the part of an unfinished head that the scanner has seen;
// in kAnswering, kStreaming and kDraining, bytes of later requests that nobody has looked at; else nothing.
struct Http1Session::State {
  enum class Phase : std::uint8_t { kHead, kBody, kAnswering, kStreaming, kDraining, kClosing };

  State(Http1Visitor& v, const Limits& l) : visitor(v), limits(l) {}

  bool takes_input() const { return phase == Phase::kHead || phase == Phase::kBody; }
  bool is_receiving() const { return phase == Phase::kBody || (phase == Phase::kHead && scanner.has_begun()); }
  std::size_t unsent_bytes() const { return output.size() - output_sent; }

  // Requests.
  std::string_view run(std::string_view bytes);
  void resume();
  void keep(std::string_view bytes);
  void end_input();
  std::size_t take_head(std::string_view bytes);
  std::expected<ParsedRequest, Refusal> parse_head(std::string_view end);
  void begin_request(ParsedRequest request);
  void begin_body(BodyFraming framing, std::size_t accepted, bool expects_continue);
  std::size_t take_body(std::string_view bytes);

  // Answers.
  void begin_answer(bool close_after);
  void append_head(int status, const Headers& headers, std::optional<std::size_t> content_length, bool chunked);
  void append_stream_head(const ResponseHead& head);
  void finish_answer();
  void refuse(Refusal refusal);
  void close();

  Http1Visitor& visitor;
  const Limits& limits;
  std::string input;
  std::string output;
  std::size_t output_sent = 0;
  BodyReader body;
  HeadScanner scanner;
  Phase phase = Phase::kHead;
  bool is_running = false;     // run() is on the stack: it goes on by itself after an answer
  bool input_ended = false;    // receive_end was called
  bool ignores_input = false;  // what still comes is not wanted; the connection closes after the answer
  bool stream_overflowed = false;
  bool is_upgraded = false;
  // Of the current request.
  bool is_http10 = false;
  bool is_head = false;
  bool closes = false;
};

// Feeds bytes to requests until one waits for its answer; returns the bytes that were not looked at.
std::string_view Http1Session::State::run(std::string_view bytes) {
  is_running = true;
  while (takes_input() && !bytes.empty())
    bytes.remove_prefix(phase == Phase::kHead ? take_head(bytes) : take_body(bytes));
  is_running = false;
  if (input_ended) end_input();
  return bytes;
}

// Goes on with the requests that waited for an answer.
void Http1Session::State::resume() {
  if (is_running || !takes_input()) return;
  std::string waiting = std::exchange(input, {});
  const std::size_t rest = run(waiting).size();
  if (rest == 0 || phase == Phase::kClosing) return;
  waiting.erase(0, waiting.size() - rest);
  input = std::move(waiting);
}

// Keeps bytes of later requests, within the bound.
void Http1Session::State::keep(std::string_view bytes) {
  if (phase == Phase::kClosing || ignores_input || bytes.empty()) return;
  if (input.size() + bytes.size() <= limits.request_head_bytes_max) {
    input.append(bytes);
    return;
  }
  release(input);
  ignores_input = true;
  closes = true;
  stream_overflowed = phase == Phase::kStreaming;
  if (phase == Phase::kDraining) close();
}

// The peer has sent everything, and run() has seen it: nothing can complete an unfinished request any more.
void Http1Session::State::end_input() {
  if (is_receiving()) {
    refuse({400, "The connection ended in the middle of the request."});
  } else if (phase == Phase::kHead) {
    close();
  }
}

std::size_t Http1Session::State::take_head(std::string_view bytes) {
  const auto taken = scanner.scan(bytes, limits.request_head_bytes_max);
  if (!taken) {
    refuse(taken.error());
    return bytes.size();
  }
  if (!scanner.is_complete()) {
    input.append(bytes);
    return bytes.size();
  }
  auto request = parse_head(bytes.substr(0, *taken));
  if (request) {
    begin_request(std::move(*request));
  } else {
    refuse(request.error());
  }
  return *taken;
}

// Parses the head that ends with these bytes. One that came in one piece is not copied.
std::expected<ParsedRequest, Refusal> Http1Session::State::parse_head(std::string_view end) {
  scanner = HeadScanner();
  std::string joined = std::exchange(input, {});
  if (!joined.empty()) joined.append(end);
  const std::string_view head = joined.empty() ? end : joined;
  is_head = is_head_request(head);
  return parse_request_head(head, limits.request_headers_max);
}

void Http1Session::State::begin_request(ParsedRequest request) {
  const BodyFraming framing = request.body;
  const bool has_body = framing.kind != BodyFraming::Kind::kNone;
  is_http10 = request.head.version == Version::kHttp10;
  closes = !request.keep_alive;
  phase = has_body ? Phase::kBody : Phase::kAnswering;
  const std::size_t accepted = visitor.on_head(std::move(request.head));
  if (phase == Phase::kBody) begin_body(framing, accepted, request.expects_continue);
  if (phase == Phase::kAnswering) visitor.on_end();
}

void Http1Session::State::begin_body(BodyFraming framing, std::size_t accepted, bool expects_continue) {
  body = BodyReader(framing, accepted, limits.request_head_bytes_max);
  if (const auto fits = body.step({}); !fits) {
    refuse(fits.error());
  } else if (expects_continue) {
    output.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

std::size_t Http1Session::State::take_body(std::string_view bytes) {
  const auto step = body.step(bytes);
  if (!step) {
    refuse(step.error());
    return bytes.size();
  }
  if (!step->data.empty()) visitor.on_body(step->data);
  if (phase == Phase::kBody && body.is_complete()) {
    phase = Phase::kAnswering;
    visitor.on_end();
  }
  return step->taken;
}

// Decides whether the connection ends with this answer. Before the end of the request, the rest is not wanted.
void Http1Session::State::begin_answer(bool close_after) {
  FANFARE_CHECK(phase == Phase::kBody || phase == Phase::kAnswering);
  if (phase == Phase::kBody) ignores_input = true;
  if (close_after || ignores_input) closes = true;
}

void Http1Session::State::append_head(int status, const Headers& headers, std::optional<std::size_t> content_length,
                                      bool chunked) {
  const auto open = is_http10 ? ConnectionOption::kKeepAlive : ConnectionOption::kNone;
  append_response_head(output, status, headers, {closes ? ConnectionOption::kClose : open, content_length, chunked});
}

void Http1Session::State::append_stream_head(const ResponseHead& head) {
  FANFARE_CHECK(allows_body(head.status));
  if (is_http10) closes = true;
  append_head(head.status, head.headers, std::nullopt, !is_http10);
}

void Http1Session::State::finish_answer() {
  if (closes) return close();
  is_head = false;
  phase = unsent_bytes() > limits.unsent_bytes_max ? Phase::kDraining : Phase::kHead;
  resume();
}

void Http1Session::State::refuse(Refusal refusal) {
  const Response response = problem_response(refusal.status, refusal.reason);
  closes = true;
  append_head(response.status, response.headers, response.body.size(), false);
  if (!is_head) output.append(response.body);
  close();
  visitor.on_refused(refusal.status, refusal.reason);
}

void Http1Session::State::close() {
  phase = Phase::kClosing;
  release(input);
}

Http1Session::Http1Session(Http1Visitor& visitor, const Limits& limits)
    : state_(std::make_unique<State>(visitor, limits)) {
  static_assert(sizeof(State) <= 160, "one for each of 100,000 connections");
}

Http1Session::~Http1Session() = default;

void Http1Session::receive(std::string_view bytes) {
  FANFARE_CHECK(!state_->is_running && !state_->input_ended && !state_->is_upgraded);
  if (state_->takes_input()) bytes = state_->run(bytes);
  state_->keep(bytes);
}

void Http1Session::receive_end() {
  state_->input_ended = true;
  if (!state_->is_running) state_->end_input();
}

void Http1Session::timeout() {
  if (state_->is_receiving()) {
    state_->refuse({408, "The request did not arrive in time."});
  } else if (state_->phase == State::Phase::kHead || state_->phase == State::Phase::kDraining) {
    state_->close();
  }
}

void Http1Session::respond(const Response& response, bool close) {
  state_->begin_answer(close);
  const bool has_body = allows_body(response.status);
  const auto content_length = has_body ? std::optional(response.body.size()) : std::nullopt;
  state_->append_head(response.status, response.headers, content_length, false);
  if (has_body && !state_->is_head) state_->output.append(response.body);
  state_->finish_answer();
}

void Http1Session::respond_head(const ResponseHead& head) {
  FANFARE_CHECK(state_->is_head);
  state_->begin_answer(false);
  state_->append_stream_head(head);
  state_->finish_answer();
}

StreamFraming Http1Session::begin_stream(const ResponseHead& head, bool close) {
  FANFARE_CHECK(!state_->is_head);
  state_->begin_answer(close);
  state_->append_stream_head(head);
  state_->phase = State::Phase::kStreaming;
  return state_->is_http10 ? StreamFraming::kCloseDelimited : StreamFraming::kChunked;
}

std::string Http1Session::upgrade(const ResponseHead& head) {
  FANFARE_CHECK(head.status == 101 && state_->phase == State::Phase::kAnswering && !state_->is_http10);
  append_response_head(state_->output, head.status, head.headers, {});
  state_->closes = true;
  state_->is_upgraded = true;
  state_->phase = State::Phase::kStreaming;
  return std::exchange(state_->input, {});
}

void Http1Session::end_stream() {
  FANFARE_CHECK(is_streaming());
  if (!state_->is_http10 && !state_->is_upgraded) state_->output.append("0\r\n\r\n");
  state_->finish_answer();
}

std::string_view Http1Session::output() const {
  return std::string_view(state_->output).substr(state_->output_sent);
}

void Http1Session::consume_output(std::size_t bytes) {
  FANFARE_CHECK(bytes <= state_->unsent_bytes());
  state_->output_sent += bytes;
  if (state_->unsent_bytes() == 0) {
    release(state_->output);
    state_->output_sent = 0;
  }
  if (state_->phase == State::Phase::kDraining && state_->unsent_bytes() <= state_->limits.unsent_bytes_max) {
    state_->phase = State::Phase::kHead;
    state_->resume();
  }
}

bool Http1Session::wants_close() const {
  return state_->phase == State::Phase::kClosing || state_->stream_overflowed;
}

bool Http1Session::is_receiving() const {
  return state_->is_receiving();
}

bool Http1Session::is_answering() const {
  return state_->phase == State::Phase::kAnswering || is_streaming();
}

bool Http1Session::is_streaming() const {
  return state_->phase == State::Phase::kStreaming;
}

std::size_t Http1Session::memory_bytes() const {
  return heap_bytes(state_->input) + heap_bytes(state_->output);
}

}  // namespace fanfare::http
