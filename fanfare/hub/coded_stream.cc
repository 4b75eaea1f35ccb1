#include "fanfare/hub/coded_stream.h"

#include <utility>

#include "fanfare/base/check.h"
#include "fanfare/coding/stream_bounds.h"

namespace fanfare {

void CodedStream::attach(const CodedPlace& place) {
  FANFARE_CHECK(!owes_exit() && !has_piece_);
  received_.attach(place.sum);
}

void CodedStream::detach(const CodedPlace& place, bool was_in_step) {
  received_.detach(place.sum);
  if (was_in_step) frame_ = place.frame;
}

std::string CodedStream::begin_piece() {
  FANFARE_CHECK(!has_piece_);
  has_piece_ = true;
  piece_ = empty_sum(coding());
  return std::string(group_exit(frame_));
}

void CodedStream::add_to_piece(Renderer& renderer, std::string_view plain, std::string& piece) {
  FANFARE_CHECK(has_piece_);
  renderer.append_standalone(coding(), plain, piece);
  piece_ = sum_of_both(coding(), piece_, sum_of(coding(), plain));
}

void CodedStream::keep_piece() {
  if (!std::exchange(has_piece_, false)) return;
  received_.add(piece_);
  frame_ = ZstdFrame::kClosed;
}

std::string CodedStream::end(Renderer& renderer, std::string_view last_words) {
  std::string bytes = begin_piece();
  if (!last_words.empty()) add_to_piece(renderer, last_words, bytes);
  keep_piece();
  append_stream_end(coding(), received_.sum(), bytes);
  return bytes;
}

}  // namespace fanfare
