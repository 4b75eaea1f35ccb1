#include "fanfare/http/http1_body.h"

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare::http {
namespace {

constexpr std::uint8_t kSizeDigitsMax = 16;  // as many as 64 bits have

constexpr std::string_view kTooLarge = "The body is larger than this resource accepts.";

std::unexpected<Refusal> refuse(int status, std::string_view reason) {
  return std::unexpected(Refusal{status, reason});
}

}  // namespace

BodyReader::BodyReader(BodyFraming framing, std::uint64_t body_bytes_max, std::size_t dropped_bytes_max)
    : remaining_(framing.length), allowed_(body_bytes_max), dropped_bytes_max_(dropped_bytes_max) {
  switch (framing.kind) {
    case BodyFraming::Kind::kNone:
      state_ = State::kComplete;
      break;
    case BodyFraming::Kind::kLength:
      state_ = State::kLength;
      break;
    case BodyFraming::Kind::kChunked:
      state_ = State::kSizeStart;
      break;
  }
}

std::expected<BodyReader::Step, Refusal> BodyReader::step(std::string_view bytes) {
  FANFARE_CHECK(!is_complete());
  if (state_ == State::kLength) {
    if (remaining_ > allowed_) return refuse(413, kTooLarge);
    return take_data(bytes);
  }
  std::size_t taken = 0;
  while (taken < bytes.size() && !is_complete()) {
    if (state_ == State::kData) {
      const Step data = take_data(bytes.substr(taken));
      return Step{taken + data.taken, data.data};
    }
    const auto next = after(bytes[taken++]);
    if (!next) return std::unexpected(next.error());
    state_ = *next;
  }
  return Step{taken, {}};
}

BodyReader::Step BodyReader::take_data(std::string_view bytes) {
  const auto data = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
  remaining_ -= data.size();
  if (remaining_ == 0) state_ = state_ == State::kLength ? State::kComplete : State::kDataCr;
  return Step{data.size(), data};
}

std::expected<BodyReader::State, Refusal> BodyReader::after(char c) {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize:
      return after_size(c);
    case State::kExtension:
      if (c == '\r') return State::kSizeLf;
      if (!is_field_char(c)) return refuse(400, "A chunk extension holds a control byte.");
      if (!drop_one()) return refuse(431, "Chunk extensions and trailer fields are too large.");
      return State::kExtension;
    case State::kSizeLf:
      if (c != '\n') return refuse(400, "A chunk size must end in CR LF.");
      return begin_chunk();
    case State::kDataCr:
      if (c != '\r') return refuse(400, "The data of a chunk must end in CR LF.");
      return State::kDataLf;
    case State::kDataLf:
      if (c != '\n') return refuse(400, "The data of a chunk must end in CR LF.");
      return State::kSizeStart;
    default:
      return after_trailer(c);
  }
}

std::expected<BodyReader::State, Refusal> BodyReader::after_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (state_ == State::kSizeStart) size_digits_ = 0;
    if (++size_digits_ > kSizeDigitsMax) return refuse(400, "A chunk size has too many digits.");
    remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    return State::kSize;
  }
  if (state_ == State::kSize && c == ';') return State::kExtension;
  if (state_ == State::kSize && c == '\r') return State::kSizeLf;
  return refuse(400, "A chunk must begin with its size in hexadecimal digits.");
}

std::expected<BodyReader::State, Refusal> BodyReader::begin_chunk() {
  if (remaining_ == 0) return State::kTrailerStart;
  if (remaining_ > allowed_) return refuse(413, kTooLarge);
  allowed_ -= remaining_;
  return State::kData;
}

std::expected<BodyReader::State, Refusal> BodyReader::after_trailer(char c) {
  if (state_ == State::kTrailerLf || state_ == State::kLastLf) {
    if (c != '\n') return refuse(400, "A trailer line must end in CR LF.");
    return state_ == State::kLastLf ? State::kComplete : State::kTrailerStart;
  }
  if (c == '\r' && state_ == State::kTrailerStart) return State::kLastLf;
  if (c == '\r' && state_ == State::kTrailerValue) return State::kTrailerLf;
  if (!drop_one()) return refuse(431, "Chunk extensions and trailer fields are too large.");
  if (state_ == State::kTrailerValue) {
    if (!is_field_char(c)) return refuse(400, "A trailer field holds a control byte.");
    return State::kTrailerValue;
  }
  if (c == ':' && state_ == State::kTrailerName) return State::kTrailerValue;
  if (!is_token_char(c)) return refuse(400, "A trailer line is not a field.");
  return State::kTrailerName;
}

// Counts a byte that is dropped.
bool BodyReader::drop_one() {
  if (dropped_bytes_max_ == 0) return false;
  --dropped_bytes_max_;
  return true;
}

}  // namespace fanfare::http
