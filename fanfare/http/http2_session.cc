#include "fanfare/http/http2_session.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/http/http1_response.h"
#include "fanfare/http/http2_state.h"

namespace fanfare::http {
namespace {

// Frames that wait to be composed: acknowledgements of SETTINGS and PING, and all of them beside the streams' own.
constexpr std::size_t kQueuedAcksMax = 200;
constexpr std::size_t kQueuedFramesMax = 1'000;
constexpr std::size_t kQueuedFramesPerStream = 4;

// Of HPACK, for what this side sends: 0.8 KiB a connection in use, and an event stream's head is 15 bytes instead of
// 124 from the second one on (http2_bench, Memory).
constexpr std::size_t kEncoderTableBytes = 4'096;

constexpr std::uint32_t setting_of(std::size_t limit) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(limit, 0x7fffffff));
}

}  // namespace

// --- nghttp2 -----------------------------------------------------------------------------------------------------

// nghttp2's callbacks, each a member function.
void Http2Session::State::set_callbacks(nghttp2_session_callbacks* calls) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      calls, [](auto*, auto* frame, void* self) { return static_cast<State*>(self)->on_begin_headers(*frame); });
  nghttp2_session_callbacks_set_on_header_callback(
      calls, [](auto*, auto* frame, auto* name, auto name_size, auto* value, auto value_size, auto, void* self) {
        return static_cast<State*>(self)->on_field(*frame, view_of(name, name_size), view_of(value, value_size));
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      calls, [](auto*, auto* frame, void* self) { return static_cast<State*>(self)->on_frame(*frame); });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      calls, [](auto*, auto, std::int32_t id, auto* bytes, auto size, void* self) {
        return static_cast<State*>(self)->on_data(static_cast<StreamId>(id), view_of(bytes, size));
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, [](auto*, std::int32_t id, auto code, void* self) {
    return static_cast<State*>(self)->on_closed(static_cast<StreamId>(id), static_cast<Http2Error>(code));
  });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      calls, [](auto*, auto* frame, void* self) { return static_cast<State*>(self)->on_frame_sent(*frame); });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(calls, [](auto*, auto* frame, int error, void* self) {
    return static_cast<State*>(self)->on_frame_not_sent(*frame, error);
  });
}

void Http2Session::State::start(ExtendedConnect extended_connect) {
  nghttp2_session_callbacks* calls = nullptr;
  FANFARE_CHECK(nghttp2_session_callbacks_new(&calls) == 0);
  set_callbacks(calls);
  nghttp2_option* options = nullptr;
  FANFARE_CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_outbound_ack(options, kQueuedAcksMax);
  nghttp2_option_set_max_deflate_dynamic_table_size(options, kEncoderTableBytes);
  // Exactly counted here; nghttp2 also counts the pieces in which their heads come.
  nghttp2_option_set_max_continuations(options, Http2Abuse::kContinuationsMax * 2 * Http2FrameScanner::kHeadBytes);
  // Resets are counted here, by the caller's clock: nghttp2 would look at its own.
  nghttp2_option_set_stream_reset_rate_limit(options, std::numeric_limits<std::uint64_t>::max(), 0);

  nghttp2_mem mem = {&memory, CountedMemory::allocate, CountedMemory::release, CountedMemory::allocate_zeroed,
                     CountedMemory::reallocate};
  FANFARE_CHECK(nghttp2_session_server_new3(&session, calls, this, options, &mem) == 0);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);

  // Without the tree of RFC 7540, closed streams leave nothing behind and PRIORITY frames mean nothing.
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, setting_of(limits.http2_streams_max)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, setting_of(limits.request_head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  if (extended_connect == ExtendedConnect::kAccepted) settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  FANFARE_CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
}

Http2Session::State::Stream& Http2Session::State::unanswered(StreamId id) {
  Stream* const stream = find(id);
  FANFARE_CHECK(stream != nullptr && !stream->answered && !stream->told);
  return *stream;
}

// --- Frames ------------------------------------------------------------------------------------------------------

// Whether the client may send this frame, as far as its number goes.
bool Http2Session::State::begin_frame(FrameHead frame) {
  const bool is_known = find(frame.stream) != nullptr;
  const bool is_stale = !is_known && number_of(frame.stream) <= nghttp2_session_get_last_proc_stream_id(session);
  // Other WINDOW_UPDATEs break a rule, which nghttp2 knows, or are of no use.
  if (frame.type == NGHTTP2_WINDOW_UPDATE && frame.length == 4 && has_settings && !in_header_block)
    increment_bytes_awaited = is_known || frame.stream == 0 ? 4 : 0;
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION)
    in_header_block = (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  const std::size_t queued_max = kQueuedFramesMax + kQueuedFramesPerStream * limits.http2_streams_max;
  return abuse.allows_frame(frame, is_stale, limits, now_ms) &&
         nghttp2_session_get_outbound_queue_size(session) <= queued_max;
}

// Bytes of one frame, or of the preface.
void Http2Session::State::receive(std::string_view bytes) {
  is_running = true;
  const auto taken =
      nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  is_running = false;
  if (taken >= 0) return;
  FANFARE_CHECK(taken != NGHTTP2_ERR_NOMEM);
  terminate(taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? Http2Error::kProtocolError : Http2Error::kEnhanceYourCalm);
}

// The payload of a WINDOW_UPDATE.
void Http2Session::State::receive_increment(std::string_view bytes) {
  for (const char c : bytes) increment = increment << 8 | static_cast<unsigned char>(c);
  increment_bytes_awaited = static_cast<std::uint8_t>(increment_bytes_awaited - bytes.size());
  if (increment_bytes_awaited > 0) return;
  open_send_window(scanner.head().stream, std::exchange(increment, 0) & 0x7fffffff);
}

void Http2Session::State::open_send_window(StreamId id, std::uint32_t by) {
  if (by == 0) return terminate(Http2Error::kProtocolError);
  Stream* const stream = find(id);
  std::int64_t& opened = stream == nullptr ? window : stream->window;
  opened += by;
  if (stream == nullptr) {
    if (opened > kWindowMax) terminate(Http2Error::kFlowControlError);
  } else if (opened > kWindowMax) {
    stream->is_sendable = false;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, number_of(id), NGHTTP2_FLOW_CONTROL_ERROR);
  } else {
    enqueue(*stream);
  }
}

// SETTINGS_INITIAL_WINDOW_SIZE changes the windows of all streams, which may become negative (section 6.9.2).
void Http2Session::State::change_initial_window() {
  const std::int64_t changed = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  const std::int64_t by = changed - std::exchange(initial_window, changed);
  if (by == 0) return;
  for (const StreamId id : streams.ids()) {
    Stream& stream = *find(id);
    stream.window += by;
    if (stream.window > kWindowMax) {
      stream.is_sendable = false;
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, number_of(id), NGHTTP2_FLOW_CONTROL_ERROR);
    } else {
      enqueue(stream);
    }
  }
}

// --- The end -----------------------------------------------------------------------------------------------------

// The visitor is about to have the stream's end, unless it has had it (then: false). Its source is not known any more.
bool Http2Session::State::end_for_visitor(Stream& stream) {
  if (stream.source != nullptr) std::exchange(stream.source, nullptr)->stream_ = nullptr;
  return !std::exchange(stream.told, true);
}

int Http2Session::State::on_closed(StreamId id, Http2Error code) {
  Stream* const stream = find(id);
  if (stream == nullptr) return 0;
  if (head_stream == id) head.reset();
  const bool had_head = stream->request != Request::kHead;
  const auto why = stream->reset_by_peer ? ResetReason::kPeer : ResetReason::kViolation;
  if (end_for_visitor(*stream) && had_head) visitor.on_reset(id, why, code);
  release_request(*stream);
  dequeue(*stream);
  streams.erase(id);
  if (streams.empty()) idle_since_ms = now_ms;
  return 0;
}

void Http2Session::State::charge_reset() {
  if (!abuse.allows_reset(limits, now_ms)) terminate(Http2Error::kEnhanceYourCalm);
}

// GOAWAY, and nothing else: the connection ends with it.
void Http2Session::State::terminate(Http2Error code) {
  is_terminating = true;
  nghttp2_session_terminate_session(session, static_cast<std::uint32_t>(code));
}

void Http2Session::State::fail_streams(Http2Error code) {
  for (const StreamId id : streams.ids()) {
    Stream& stream = *find(id);
    const bool had_head = stream.request != Request::kHead;
    if (end_for_visitor(stream) && had_head) visitor.on_reset(id, ResetReason::kConnection, code);
  }
}

// --- The session -------------------------------------------------------------------------------------------------

Http2Session::Http2Session(Http2Visitor& visitor, const Limits& limits, std::uint64_t now_ms,
                           ExtendedConnect extended_connect)
    : state_(std::make_unique<State>(visitor, limits, now_ms)) {
  state_->start(extended_connect);
}

Http2Session::~Http2Session() {
  FANFARE_CHECK(!state_->is_running);
}

void Http2Session::receive(std::string_view bytes, std::uint64_t now_ms) {
  State& state = *state_;
  FANFARE_CHECK(!state.is_running);
  state.now_ms = std::max(state.now_ms, now_ms);
  while (!bytes.empty() && !state.is_terminating && !state.is_dead) {
    const auto step = state.scanner.step(bytes);
    bytes.remove_prefix(step.bytes);
    if (step.begins_frame && !state.begin_frame(state.scanner.head()))
      return state.terminate(Http2Error::kEnhanceYourCalm);
    if (state.increment_bytes_awaited > 0) {
      state.receive_increment(step.payload);
    } else {
      if (step.begins_frame) state.receive(state.scanner.head_bytes());
      state.receive(step.payload);
    }
  }
}

void Http2Session::receive_end() {
  FANFARE_CHECK(!state_->is_running);
  if (std::exchange(state_->is_dead, true)) return;
  state_->fail_streams(Http2Error::kNoError);
}

std::uint64_t Http2Session::deadline_ms() const {
  const State& state = *state_;
  if (state.is_terminating || state.is_dead) return 0;
  if (state.streams.empty())
    return state.idle_since_ms + (state.has_settings ? state.limits.keep_alive_idle_ms : state.limits.request_idle_ms);
  return state.streams.deadline_ms(state.limits.request_idle_ms);
}

void Http2Session::timeout(std::uint64_t now_ms) {
  State& state = *state_;
  FANFARE_CHECK(!state.is_running);
  state.now_ms = std::max(state.now_ms, now_ms);
  const std::uint64_t deadline = deadline_ms();
  if (deadline == 0 || state.now_ms < deadline) return;
  if (state.streams.empty()) return state.terminate(Http2Error::kNoError);
  for (const StreamId id : state.streams.ids()) {
    State::Stream& stream = *state.find(id);
    if (!stream.is_awaited() || stream.progress_ms + state.limits.request_idle_ms > state.now_ms) continue;
    if (stream.request == State::Request::kHead) {
      // Nothing can be read past an unfinished head.
      state.fail_streams(Http2Error::kNoError);
      return state.terminate(Http2Error::kNoError);
    }
    state.refuse(stream, {408, "The request did not arrive in time."});
  }
}

void Http2Session::respond(StreamId stream, Response response) {
  state_->answer(state_->unanswered(stream), std::move(response));
}

void Http2Session::respond_head(StreamId stream, const ResponseHead& head) {
  State::Stream& answered = state_->unanswered(stream);
  FANFARE_CHECK(answered.is_head);
  state_->submit(answered, head.status, head.headers, std::nullopt, false);
}

void Http2Session::begin_stream(StreamId stream, const ResponseHead& head, Http2Source& source) {
  State::Stream& answered = state_->unanswered(stream);
  FANFARE_CHECK(!answered.is_head && allows_body(head.status) && source.stream_ == nullptr);
  answered.source = &source;
  source.stream_ = &answered;
  state_->submit(answered, head.status, head.headers, std::nullopt, true);
}

void Http2Session::resume(Http2Source& source) {
  if (source.stream_ == nullptr) return;
  source.stream_->is_dry = false;
  state_->enqueue(*source.stream_);
}

void Http2Session::end_stream(StreamId stream) {
  State::Stream* const found = state_->find(stream);
  FANFARE_CHECK(found != nullptr && found->source != nullptr);
  if (std::exchange(found->is_ending, true)) return;
  if (found->is_sendable) state_->endings.push_back(stream);
}

void Http2Session::reset(StreamId stream, Http2Error code) {
  State::Stream* const found = state_->find(stream);
  FANFARE_CHECK(found != nullptr && !found->told);
  state_->end_for_visitor(*found);
  found->reset_by_owner = true;
  found->is_sendable = false;
  state_->release_request(*found);
  nghttp2_submit_rst_stream(state_->session, NGHTTP2_FLAG_NONE, number_of(stream), static_cast<std::uint32_t>(code));
}

std::size_t Http2Session::compose(Http2Sink& sink, std::size_t bytes_max, std::uint64_t now_ms) {
  State& state = *state_;
  FANFARE_CHECK(!state.is_running);
  if (state.is_dead) return 0;
  state.now_ms = std::max(state.now_ms, now_ms);
  state.is_running = true;
  state.sink = &sink;
  state.composed_bytes = 0;
  state.composed_bytes_max = bytes_max;
  do {
    state.compose_control();
    state.compose_data();
  } while (state.composed_bytes < bytes_max && nghttp2_session_want_write(state.session) != 0);
  state.sink = nullptr;
  state.is_running = false;
  return state.composed_bytes;
}

bool Http2Session::wants_compose() const {
  const State& state = *state_;
  if (state.is_dead) return false;
  if (nghttp2_session_want_write(state.session) != 0) return true;
  return !state.is_terminating && (!state.endings.empty() || (!state.turns.empty() && state.window > 0));
}

void Http2Session::drain() {
  State& state = *state_;
  if (state.is_terminating || std::exchange(state.is_draining, true)) return;
  nghttp2_submit_goaway(state.session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(state.session),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

bool Http2Session::wants_close() const {
  return state_->is_dead ||
         (nghttp2_session_want_read(state_->session) == 0 && nghttp2_session_want_write(state_->session) == 0);
}

bool Http2Session::is_idle() const {
  return state_->streams.empty();
}

std::size_t Http2Session::memory_bytes() const {
  const State& state = *state_;
  std::size_t bytes = sizeof(State) + state.memory.bytes + state.streams.memory_bytes() +
                      (state.turns.capacity() + state.round.capacity()) * sizeof(State::Stream*) +
                      state.endings.capacity() * sizeof(StreamId);
  if (state.head != nullptr) bytes += sizeof(Http2Head) + state.limits.request_head_bytes_max;
  return bytes;
}

}  // namespace fanfare::http
