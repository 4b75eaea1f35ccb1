#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/http/http1_response.h"
#include "fanfare/http/http2_response.h"
#include "fanfare/http/http2_state.h"

namespace fanfare::http {
namespace {

constexpr std::int64_t kDataBytesMax = 16'384;  // what every client takes (SETTINGS_MAX_FRAME_SIZE)

constexpr Refusal kTooLargeBody = {413, "The body is larger than what is accepted here."};

// nghttp2 does not write to them, though its type says so.
std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

// It copies them, and lowers the names' letters, when they are submitted.
std::vector<nghttp2_nv> pairs_of(const Http2ResponseFields& fields) {
  std::vector<nghttp2_nv> pairs;
  for (const auto& [name, value] : fields)
    pairs.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return pairs;
}

}  // namespace

// --- Requests ----------------------------------------------------------------------------------------------------

int Http2Session::State::on_begin_headers(const nghttp2_frame& frame) {
  trailer_bytes = 0;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (is_draining) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_REFUSED_STREAM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  const auto id = static_cast<StreamId>(frame.hd.stream_id);
  streams.add(id, now_ms, initial_window);
  head = std::make_unique<Http2Head>();
  head_stream = id;
  return 0;
}

int Http2Session::State::on_field(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
  bool is_far_too_large = false;
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    if (head == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    is_far_too_large = head->add(name, value, limits) == Http2Head::Fit::kFarTooLarge;
  } else {
    trailer_bytes += field_bytes(name, value);  // trailers are checked, bounded and dropped
    is_far_too_large = trailer_bytes > limits.request_head_bytes_max;
  }
  if (!is_far_too_large) return 0;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// A frame has come whole and is in order.
int Http2Session::State::on_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS) {
    has_settings = true;
    change_initial_window();
  }
  Stream* const stream = find(static_cast<StreamId>(frame.hd.stream_id));
  if (stream == nullptr) return 0;
  const bool is_end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    begin_request(*stream, is_end);
  } else if ((frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS) && is_end) {
    end_request(*stream);
  } else if (frame.hd.type == NGHTTP2_RST_STREAM) {
    stream->reset_by_peer = true;
    charge_reset();
  }
  return 0;
}

void Http2Session::State::begin_request(Stream& stream, bool is_end) {
  FANFARE_CHECK(head != nullptr && head_stream == stream.id);
  const std::unique_ptr<Http2Head> complete = std::move(head);
  stream.request = is_end ? Request::kComplete : Request::kBody;
  stream.progress_ms = now_ms;
  stream.is_head = complete->is_head_request();
  auto request = std::move(*complete).finish();
  if (!request) return refuse(stream, request.error());
  stream.is_tunnel = !request->head.protocol.empty();
  stream.request = Request::kBody;
  stream.acceptable = visitor.on_head(stream.id, std::move(request->head));
  if (!stream.answered && !stream.told && !stream.is_tunnel) {
    if (request->content_length.value_or(0) > stream.acceptable) {
      if (is_end) stream.request = Request::kComplete;
      return refuse(stream, kTooLargeBody);
    }
    if (request->expects_continue && !is_end) {
      const Headers none;
      const Http2ResponseFields fields(100, none, std::nullopt);
      const auto pairs = pairs_of(fields);
      nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, number_of(stream.id), nullptr, pairs.data(), pairs.size(),
                             nullptr);
      ++stream.heads_waiting;
    }
  }
  if (is_end) end_request(stream);
}

void Http2Session::State::end_request(Stream& stream) {
  stream.request = Request::kComplete;
  if (stream.takes_body()) visitor.on_end(stream.id);
  open_withheld_windows();
}

int Http2Session::State::on_data(StreamId id, std::string_view bytes) {
  // The connection's window is every stream's: it stays open. A stream's opens when its bytes were of use.
  nghttp2_session_consume_connection(session, bytes.size());
  Stream* const stream = find(id);
  if (stream == nullptr || !stream->takes_body()) return 0;
  stream->progress_ms = now_ms;
  stream->withheld += static_cast<std::uint32_t>(bytes.size());
  if (!stream->is_tunnel) {
    if (bytes.size() > stream->acceptable) {
      refuse(*stream, kTooLargeBody);
      return 0;
    }
    stream->acceptable -= bytes.size();
    streams.hold(*stream, bytes.size());
  }
  visitor.on_body(id, bytes);
  if (stream->takes_body()) open_window(*stream);
  return 0;
}

void Http2Session::State::open_window(Stream& stream) {
  if (streams.may_hold_more(stream, limits)) {
    nghttp2_session_consume_stream(session, number_of(stream.id), std::exchange(stream.withheld, 0));
  } else {
    has_withheld = true;
  }
}

void Http2Session::State::open_withheld_windows() {
  if (!std::exchange(has_withheld, false)) return;
  for (const StreamId id : streams.ids()) {
    Stream& stream = *find(id);
    if (stream.withheld > 0 && stream.is_awaited()) open_window(stream);
  }
}

// The visitor needs the request's bytes no more.
void Http2Session::State::release_request(Stream& stream) {
  streams.release(stream);
  open_withheld_windows();
}

// --- Answers -----------------------------------------------------------------------------------------------------

void Http2Session::State::submit(Stream& stream, int status, const Headers& headers,
                                 std::optional<std::size_t> content_length, bool has_body) {
  FANFARE_CHECK(status >= 200 && status <= 599);
  stream.answered = true;
  release_request(stream);
  const Http2ResponseFields fields(status, headers, content_length);
  const auto pairs = pairs_of(fields);
  const std::uint8_t flags = has_body ? NGHTTP2_FLAG_NONE : NGHTTP2_FLAG_END_STREAM;
  nghttp2_submit_headers(session, flags, number_of(stream.id), nullptr, pairs.data(), pairs.size(), nullptr);
  ++stream.heads_waiting;
}

void Http2Session::State::answer(Stream& stream, Response response) {
  const bool has_length = allows_body(response.status);
  const bool has_body = has_length && !stream.is_head && !response.body.empty();
  const auto length = has_length ? std::optional(response.body.size()) : std::nullopt;
  if (has_body) stream.body = std::move(response.body);
  submit(stream, response.status, response.headers, length, has_body);
}

void Http2Session::State::refuse(Stream& stream, Refusal refusal) {
  answer(stream, problem_response(refusal.status, refusal.reason));
  stream.told = true;
  visitor.on_refused(stream.id, refusal.status, refusal.reason);
}

// --- Output ------------------------------------------------------------------------------------------------------

// The stream takes its turn, if it may have anything to send.
void Http2Session::State::enqueue(Stream& stream) {
  if (!stream.is_sendable || stream.is_queued || stream.is_dry || stream.is_ending || stream.window <= 0) return;
  stream.is_queued = true;
  turns.push_back(&stream);
}

void Http2Session::State::dequeue(Stream& stream) {
  if (!stream.is_queued) return;
  std::ranges::replace(turns, &stream, nullptr);
  std::ranges::replace(round, &stream, nullptr);
}

// All frames but DATA.
void Http2Session::State::compose_control() {
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session, &bytes);
    FANFARE_CHECK(size >= 0);
    if (size == 0) return;
    if (std::exchange(swallows_frame, false)) continue;
    sink->append(view_of(bytes, static_cast<std::size_t>(size)));
    composed_bytes += static_cast<std::size_t>(size);
  }
}

// A frame of each stream in turn, as long as there are any.
void Http2Session::State::compose_data() {
  if (is_terminating) return;
  for (const StreamId id : std::exchange(endings, {})) {
    Stream* const stream = find(id);
    if (stream != nullptr && stream->is_sendable) append_data(*stream, 0, true);
  }
  while (!turns.empty()) {
    round.swap(turns);
    for (std::size_t i = 0; i < round.size(); ++i) {
      if (composed_bytes >= composed_bytes_max || window <= 0) {
        turns.insert(turns.begin(), round.begin() + static_cast<std::ptrdiff_t>(i), round.end());
        round.clear();
        return;
      }
      Stream* const stream = round[i];
      if (stream == nullptr) continue;
      stream->is_queued = false;
      if (stream->is_sendable && !stream->is_ending && stream->window > 0) compose_data_of(*stream);
    }
    round.clear();
  }
}

void Http2Session::State::compose_data_of(Stream& stream) {
  const auto bytes_max = static_cast<std::size_t>(std::min({kDataBytesMax, stream.window, window}));
  const BodyPiece piece = next_piece(stream, bytes_max);
  FANFARE_CHECK(piece.bytes <= bytes_max && (piece.bytes > 0 || piece.next != BodyPiece::Next::kMore));
  stream.is_dry = piece.next == BodyPiece::Next::kWait;
  const bool is_end = piece.next == BodyPiece::Next::kEnd;
  if (piece.bytes == 0 && !is_end) return;
  append_data(stream, piece.bytes, is_end);
  if (!is_end) enqueue(stream);
}

BodyPiece Http2Session::State::next_piece(Stream& stream, std::size_t bytes_max) {
  if (stream.source != nullptr) return stream.source->body_ready(bytes_max);
  const std::size_t rest = stream.body.size() - stream.body_sent;
  return {std::min(rest, bytes_max), rest <= bytes_max ? BodyPiece::Next::kEnd : BodyPiece::Next::kMore};
}

// One DATA frame. With its end, the stream may be gone when this returns.
void Http2Session::State::append_data(Stream& stream, std::size_t bytes, bool is_end) {
  const std::array<unsigned char, Http2FrameScanner::kHeadBytes> frame_head = {
      static_cast<unsigned char>(bytes >> 16),
      static_cast<unsigned char>(bytes >> 8),
      static_cast<unsigned char>(bytes),
      NGHTTP2_DATA,
      static_cast<unsigned char>(is_end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE),
      static_cast<unsigned char>(stream.id >> 24),
      static_cast<unsigned char>(stream.id >> 16),
      static_cast<unsigned char>(stream.id >> 8),
      static_cast<unsigned char>(stream.id)};
  sink->append(view_of(frame_head.data(), frame_head.size()));
  if (stream.source == nullptr) {
    sink->append(std::string_view(stream.body).substr(stream.body_sent, bytes));
    stream.body_sent += bytes;
  } else if (bytes > 0) {
    sink->append_body(stream.id, bytes);
  }
  composed_bytes += frame_head.size() + bytes;
  window -= static_cast<std::int64_t>(bytes);
  stream.window -= static_cast<std::int64_t>(bytes);
  abuse.on_data_sent(bytes);
  if (!is_end) return;
  stream.is_sendable = false;
  stream.end_sent = true;
  const StreamId id = stream.id;
  on_end_sent(stream);
  // Closes the stream for nghttp2. It is sent only if the rest of the request is not wanted (RFC 9113 section 8.1),
  // which who is in a tunnel may go on with: it is ignored.
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, number_of(id), NGHTTP2_NO_ERROR);
  compose_control();
}

int Http2Session::State::on_frame_sent(const nghttp2_frame& frame) {
  Stream* const stream = find(static_cast<StreamId>(frame.hd.stream_id));
  if (frame.hd.type == NGHTTP2_HEADERS && stream != nullptr) {
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      if (stream->request != Request::kComplete)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
      on_end_sent(*stream);
    } else if (--stream->heads_waiting == 0 && stream->answered) {
      stream->is_sendable = !stream->reset_by_owner;
      if (stream->is_ending) endings.push_back(stream->id);
      enqueue(*stream);
    }
  } else if (frame.hd.type == NGHTTP2_RST_STREAM && frame.rst_stream.error_code != NGHTTP2_NO_ERROR) {
    if (stream == nullptr || !stream->reset_by_owner) charge_reset();
  } else if (frame.hd.type == NGHTTP2_RST_STREAM) {
    swallows_frame =
        stream != nullptr && stream->end_sent && (stream->is_tunnel || stream->request == Request::kComplete);
  } else if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    const auto code = static_cast<Http2Error>(frame.goaway.error_code);
    is_terminating = true;
    fail_streams(code);
    visitor.on_failed(code, view_of(frame.goaway.opaque_data, frame.goaway.opaque_data_len));
  }
  return 0;
}

// An answer's head may be larger than frames are made for.
int Http2Session::State::on_frame_not_sent(const nghttp2_frame& frame, int error) {
  if (frame.hd.type == NGHTTP2_HEADERS && error == NGHTTP2_ERR_FRAME_SIZE_ERROR)
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_INTERNAL_ERROR);
  return 0;
}

// The answer is composed to its end.
void Http2Session::State::on_end_sent(Stream& stream) {
  if (end_for_visitor(stream)) visitor.on_sent(stream.id);
}

}  // namespace fanfare::http
