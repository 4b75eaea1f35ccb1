#include "fanfare/websocket/session.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "fanfare/base/allowance.h"
#include "fanfare/base/check.h"
#include "fanfare/base/utf8.h"
#include "fanfare/websocket/control_output.h"
#include "fanfare/websocket/frame.h"
#include "fanfare/websocket/raw_deflate.h"

namespace fanfare::websocket {
namespace {

// Bytes are unmasked, inflated and given to the visitor so many at a time, on the stack.
constexpr std::size_t kPieceBytes = 4'096;

constexpr std::size_t kCloseCodeBytes = 2;

// The least window that a message is inflated with: some compressors are told 8 bits and use 9.
constexpr std::uint8_t kInflateBitsMin = 9;

// How long a message may be in compressed form. What does not shrink grows, by an eighth at most where a compressor
// uses fixed codes; more is a message that only keeps us busy.
constexpr std::uint64_t wire_bytes_max(std::uint64_t message_bytes_max, bool is_compressed) {
  return is_compressed ? message_bytes_max + message_bytes_max / 8 + 64 : message_bytes_max;
}

std::string close_payload(CloseCode close, std::string_view reason) {
  const auto code = static_cast<std::uint16_t>(close);
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(reason);
}

enum class Phase : std::uint8_t {
  kOpen,
  kClosing,  // close() was called; the client's Close is missing
  kClosed,
};

}  // namespace

struct Session::State {
  State(Visitor& v, const Limits& l, const std::optional<DeflateTerms>& deflate)
      : visitor(v),
        limits(l),
        inflate_bits(deflate ? std::max(deflate->client_window_bits, kInflateBitsMin) : std::uint8_t{0}) {}

  void take_head(std::string_view& bytes, std::uint64_t now_ms);
  void begin_frame(const FrameHead& frame, std::uint64_t now_ms);
  void begin_data_frame(const FrameHead& frame);
  void take_payload(std::string_view& bytes);
  void end_frame();
  void take_data(std::string_view piece);
  bool inflate(std::string_view compressed);
  void deliver(std::string_view piece);
  void end_message();
  void take_close(std::string_view payload);
  void finish(CloseCode code, std::string_view reason);
  void fail(CloseCode code, std::string_view reason);

  Visitor& visitor;
  const Limits& limits;
  std::unique_ptr<RawInflater> inflater;  // while a compressed message is being received
  ControlOutput output;
  std::unique_ptr<std::string> control_payload;  // of a control frame that has come in part
  Allowance control_frames;

  // The frame that is being received: its head until that is complete, then its payload.
  std::uint64_t payload_left = 0;
  std::uint64_t payload_at = 0;
  Mask mask = {};
  std::array<char, kClientHeadBytesMax> head;
  std::uint8_t head_bytes = 0;  // of the head, so far
  Opcode opcode = Opcode::kContinuation;
  bool is_in_frame = false;
  bool is_final = false;

  // The message that is being received.
  std::uint64_t wire_bytes = 0;
  std::uint64_t message_bytes = 0;
  Utf8Check text;
  MessageKind kind = MessageKind::kText;
  bool is_in_message = false;
  bool is_compressed = false;

  Phase phase = Phase::kOpen;
  bool is_receiving = false;
  const std::uint8_t inflate_bits;  // 0: no compression
};

Session::Session(Visitor& visitor, const Limits& limits, const std::optional<DeflateTerms>& deflate)
    : state_(std::make_unique<State>(visitor, limits, deflate)) {
  static_assert(sizeof(State) <= 152, "one for each of 100,000 connections");
}

Session::~Session() {
  FANFARE_CHECK(!state_->is_receiving);
}

void Session::receive(std::string_view bytes, std::uint64_t now_ms) {
  State& state = *state_;
  FANFARE_CHECK(!state.is_receiving);
  state.is_receiving = true;
  while (!bytes.empty() && state.phase != Phase::kClosed) {
    if (state.is_in_frame) {
      state.take_payload(bytes);
    } else {
      state.take_head(bytes, now_ms);
    }
  }
  state.is_receiving = false;
  if (state.phase != Phase::kOpen) state.inflater.reset();
  if (state.phase == Phase::kClosed) state.control_payload.reset();
}

void Session::State::take_head(std::string_view& bytes, std::uint64_t now_ms) {
  const std::size_t before = head_bytes;
  const std::size_t copied = bytes.copy(head.data() + before, head.size() - before);
  const auto frame = parse_frame_head({head.data(), before + copied}, {is_in_message, inflate_bits != 0});
  if (!frame) return fail(frame.error().code, frame.error().reason);
  if (!*frame) {
    head_bytes = static_cast<std::uint8_t>(before + copied);
    bytes = {};
    return;
  }
  bytes.remove_prefix((*frame)->bytes - before);
  head_bytes = 0;
  begin_frame(**frame, now_ms);
}

void Session::State::begin_frame(const FrameHead& frame, std::uint64_t now_ms) {
  const bool is_useless = is_control(frame.opcode) || frame.length == 0;
  if (is_useless && !control_frames.take(1, limits.websocket_control_frames_per_s, limits.burst_s, now_ms))
    return fail(CloseCode::kPolicyViolation, "too many control frames or empty ones");
  is_in_frame = true;
  opcode = frame.opcode;
  is_final = frame.is_final;
  mask = frame.mask;
  payload_left = frame.length;
  payload_at = 0;
  if (!is_control(opcode)) begin_data_frame(frame);
  if (phase != Phase::kClosed && payload_left == 0) end_frame();
}

void Session::State::begin_data_frame(const FrameHead& frame) {
  const bool is_first = opcode != Opcode::kContinuation;
  is_in_message = true;
  if (is_first) {
    kind = opcode == Opcode::kText ? MessageKind::kText : MessageKind::kBinary;
    is_compressed = frame.is_compressed;
    wire_bytes = 0;
    message_bytes = 0;
    text = Utf8Check();
  }
  // What comes after close() is looked at only to find its end.
  if (phase != Phase::kOpen) return;
  const std::uint64_t most = wire_bytes_max(limits.websocket_message_bytes_max, is_compressed);
  if (frame.length > most || wire_bytes > most - frame.length)
    return fail(CloseCode::kTooBig, "the message is too big");
  wire_bytes += frame.length;
  if (!is_first) return;
  if (is_compressed) inflater = std::make_unique<RawInflater>(inflate_bits);
  visitor.on_message(kind);
}

void Session::State::take_payload(std::string_view& bytes) {
  std::array<char, kPieceBytes> piece;
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(payload_left, std::min(bytes.size(), piece.size())));
  unmask(bytes.substr(0, size), mask, payload_at, piece.data());
  bytes.remove_prefix(size);
  payload_left -= size;
  payload_at += size;
  const std::string_view plain(piece.data(), size);
  if (!is_control(opcode)) {
    take_data(plain);
  } else {
    if (!control_payload) control_payload = std::make_unique<std::string>();
    control_payload->append(plain);
  }
  if (phase != Phase::kClosed && payload_left == 0) end_frame();
}

void Session::State::end_frame() {
  is_in_frame = false;
  if (!is_control(opcode)) {
    if (is_final) end_message();
    return;
  }
  const auto held = std::exchange(control_payload, nullptr);
  const std::string_view payload = held ? std::string_view(*held) : std::string_view();
  if (opcode == Opcode::kClose) return take_close(payload);
  if (phase != Phase::kOpen) return;
  if (opcode == Opcode::kPing) {
    output.add_pong(payload);
  } else {
    visitor.on_pong(payload);
  }
}

void Session::State::take_data(std::string_view piece) {
  if (phase != Phase::kOpen) return;
  if (!is_compressed) {
    deliver(piece);
  } else if (!inflate(piece)) {
    fail(CloseCode::kInvalidData, "the compressed message is no deflate");
  }
}

// Whether it can be inflated, as far as anybody wants to know.
bool Session::State::inflate(std::string_view compressed) {
  std::array<char, kPieceBytes> piece;
  while (phase == Phase::kOpen) {
    const auto size = inflater->inflate(compressed, piece);
    if (!size) return false;
    if (*size == 0) return true;
    deliver({piece.data(), *size});
  }
  return true;
}

void Session::State::deliver(std::string_view piece) {
  const std::uint64_t most = limits.websocket_message_bytes_max;
  const std::size_t fits = std::min<std::uint64_t>(piece.size(), most - std::min(most, message_bytes));
  // What fits is judged first, so that the fault does not depend on how the bytes are cut.
  if (kind == MessageKind::kText && !text.add(piece.substr(0, fits)))
    return fail(CloseCode::kInvalidData, "text must be UTF-8");
  if (fits < piece.size()) return fail(CloseCode::kTooBig, "the message is too big when inflated");
  message_bytes += piece.size();
  visitor.on_data(piece);
}

void Session::State::end_message() {
  is_in_message = false;
  if (phase != Phase::kOpen) return;
  if (is_compressed) {
    if (!inflate(kFlushTail) || (phase == Phase::kOpen && !inflater->is_complete()))
      return fail(CloseCode::kInvalidData, "the compressed message is cut off");
    inflater.reset();
    if (phase != Phase::kOpen) return;
  }
  if (kind == MessageKind::kText && !text.is_complete())
    return fail(CloseCode::kInvalidData, "text must be UTF-8; its last character is cut off");
  visitor.on_message_end();
}

void Session::State::take_close(std::string_view payload) {
  if (payload.empty()) return finish(CloseCode::kNone, {});
  if (payload.size() < kCloseCodeBytes) return fail(CloseCode::kProtocolError, "a close code has two bytes");
  const auto code =
      static_cast<CloseCode>(static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]));
  if (!is_on_the_wire(code)) return fail(CloseCode::kProtocolError, "the close code is none that may be sent");
  const std::string_view reason = payload.substr(kCloseCodeBytes);
  if (!is_valid_utf8(reason)) return fail(CloseCode::kInvalidData, "the reason for closing must be UTF-8");
  finish(code, reason);
}

// The client's Close has come: it is answered with its own code, unless it is the answer.
void Session::State::finish(CloseCode code, std::string_view reason) {
  if (phase == Phase::kOpen) output.add_close(code == CloseCode::kNone ? std::string() : close_payload(code, {}));
  phase = Phase::kClosed;
  visitor.on_close(code, reason);
}

void Session::State::fail(CloseCode code, std::string_view reason) {
  if (phase == Phase::kOpen) output.add_close(close_payload(code, reason));
  phase = Phase::kClosed;
  visitor.on_failed(code, reason);
}

void Session::ping(std::string_view payload) {
  if (is_open()) state_->output.add_ping(payload);
}

void Session::close(CloseCode code, std::string_view reason) {
  FANFARE_CHECK(is_on_the_wire(code) && is_valid_utf8(reason));
  if (!is_open()) return;
  state_->output.add_close(close_payload(code, reason));
  state_->phase = Phase::kClosing;
  // Inside of a visitor's call the inflater is at work; receive() lets it go.
  if (!state_->is_receiving) state_->inflater.reset();
}

std::string_view Session::output() const {
  return state_->output.bytes();
}

void Session::consume_output(std::size_t bytes) {
  state_->output.consume(bytes);
}

bool Session::is_open() const {
  return state_->phase == Phase::kOpen;
}

bool Session::wants_close() const {
  return state_->phase == Phase::kClosed;
}

std::size_t Session::memory_bytes() const {
  const State& state = *state_;
  std::size_t bytes = sizeof(State) + state.output.memory_bytes();
  if (state.inflater) bytes += sizeof(RawInflater) + state.inflater->memory_bytes();
  if (state.control_payload) bytes += sizeof(std::string) + state.control_payload->capacity();
  return bytes;
}

}  // namespace fanfare::websocket
