#include "fanfare/server/outbox.h"

#include <algorithm>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare {

void Outbox::add(std::string_view own) {
  if (own.empty()) return;
  own_ += own;
  if (!empty() && pieces_.back().held.empty()) {
    pieces_.back().own_bytes += own.size();
  } else {
    pieces_.push_back({.rendition = {}, .held = {}, .own_bytes = own.size()});
  }
}

void Outbox::add(HeldBytes held) {
  if (held.bytes.empty()) return;
  if (!empty() && pieces_.back().held.empty()) {
    pieces_.back().rendition = std::move(held.rendition);
    pieces_.back().held = held.bytes;
  } else {
    pieces_.push_back({.rendition = std::move(held.rendition), .held = held.bytes, .own_bytes = 0});
  }
}

std::size_t Outbox::slices(std::span<std::string_view> into) const {
  std::size_t count = 0;
  std::size_t own_at = own_first_;
  for (std::size_t i = first_; i < pieces_.size() && count < into.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (piece.own_bytes > 0) into[count++] = std::string_view(own_).substr(own_at, piece.own_bytes);
    own_at += piece.own_bytes;
    if (!piece.held.empty() && count < into.size()) into[count++] = piece.held;
  }
  return count;
}

void Outbox::consume(std::size_t bytes) {
  while (bytes > 0) {
    FANFARE_CHECK(!empty());
    Piece& piece = pieces_[first_];
    const std::size_t own = std::min(bytes, piece.own_bytes);
    piece.own_bytes -= own;
    own_first_ += own;
    const std::size_t held = std::min(bytes - own, piece.held.size());
    piece.held.remove_prefix(held);
    bytes -= own + held;
    if (piece.size() > 0) return;
    piece.rendition.reset();
    ++first_;
  }
  if (empty()) clear();
}

// Its memory goes, too: an idle connection keeps none.
void Outbox::clear() {
  pieces_ = {};
  own_ = std::string();
  first_ = 0;
  own_first_ = 0;
}

}  // namespace fanfare
