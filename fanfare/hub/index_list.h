// A list of audiences in the topic index from which any can be removed at once: an entry knows which of its audience's
// selectors it stands for, the audience knows the slot of each (Audience::index_slots).
// One thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fanfare {

class Audience;

struct IndexEntry {
  Audience* audience;
  std::uint32_t selector;  // which of the audience's selectors, in the order of the index
};

class IndexList {
 public:
  void add(Audience& audience, std::uint32_t selector);
  void remove(Audience& audience, std::uint32_t selector);
  bool empty() const { return entries_.empty(); }
  std::span<const IndexEntry> entries() const { return entries_; }

 private:
  std::vector<IndexEntry> entries_;
};

}  // namespace fanfare
