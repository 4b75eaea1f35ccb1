// What a connection has composed and its socket has yet to take, in order: bytes of its own, and bytes of renditions,
// which are referred to and not copied. One thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/hub/rendition.h"

namespace fanfare {

class Outbox {
 public:
  bool empty() const { return first_ == pieces_.size(); }
  void add(std::string_view own);
  void add(HeldBytes held);

  // The first bytes; valid until the next call of a member that is not const. Returns how many slices it filled.
  std::size_t slices(std::span<std::string_view> into) const;
  // So many bytes have been taken.
  void consume(std::size_t bytes);
  void clear();

 private:
  // Own bytes, and then held ones: a frame's head and what it carries.
  struct Piece {
    RenditionRef rendition;
    std::string_view held;      // what is left of it
    std::size_t own_bytes = 0;  // so many of own_, after those of the pieces before
    std::size_t size() const { return own_bytes + held.size(); }
  };

  std::vector<Piece> pieces_;  // from first_ on
  std::size_t first_ = 0;
  std::string own_;  // from own_first_ on
  std::size_t own_first_ = 0;
};

}  // namespace fanfare
