// What one subscriber of a coded stream needs beside its cursor: what it got by itself, so that its stream can end with
// the right trailer, and what it must be sent where it leaves its audience's pieces. Nothing is done per unit.
//
//   opening, own pieces … | attached: the audience's units … | own pieces … | attached … | end
//
// One thread: the hub's.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/coding/received_sum.h"
#include "fanfare/hub/renderer.h"
#include "fanfare/hub/unit_queue.h"

namespace fanfare {

class CodedStream {
 public:
  // opening: the plain bytes with which the stream begins (Hub::opening).
  CodedStream(Coding coding, std::string_view opening) : received_(coding) { received_.add(sum_of(coding, opening)); }

  Coding coding() const { return received_.coding(); }

  // From this place on it gets all that the audience emits. Nothing must be owed.
  void attach(const CodedPlace& place);
  // It has got all that the audience emitted up to this place, and gets no more.
  void detach(const CodedPlace& place, bool was_in_step);

  // It left in the middle of a frame, which its next own piece closes.
  bool owes_exit() const { return frame_ == ZstdFrame::kOpen; }

  // A piece of its own is made: begin, then add whatever it holds. Only one is under way.
  std::string begin_piece();
  void add_to_piece(Renderer& renderer, std::string_view plain, std::string& piece);
  // The piece is sent, or certain to be.
  void keep_piece();
  // … or was given up.
  void drop_piece() { has_piece_ = false; }

  // What its stream ends with: these plain bytes, if any, and the end. Nothing may follow.
  std::string end(Renderer& renderer, std::string_view last_words);

 private:
  ReceivedSum received_;
  PlainSum piece_;  // of the piece under way
  ZstdFrame frame_ = ZstdFrame::kClosed;
  bool has_piece_ = false;
};

}  // namespace fanfare
