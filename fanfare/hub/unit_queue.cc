#include "fanfare/hub/unit_queue.h"

#include <utility>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

constexpr std::size_t kCompactAt = 32;  // popped units that stay before the rest moves to the front
constexpr std::size_t kUnitsKept = 4;   // an empty queue keeps room for so many

}  // namespace

const Unit& UnitQueue::at(Seq seq) const {
  FANFARE_CHECK(seq >= first_seq_ && seq < end_seq());
  return units_[head_ + (seq - first_seq_)];
}

std::uint32_t& UnitQueue::cursors(Seq seq) {
  FANFARE_CHECK(seq >= first_seq_ && seq <= end_seq());
  return seq == end_seq() ? cursors_at_end_ : units_[head_ + (seq - first_seq_)].cursors;
}

void UnitQueue::push(Unit unit) {
  unit.cursors = std::exchange(cursors_at_end_, 0);
  bytes_ += cost(unit);
  holdings_.bytes += sizeof(Unit);
  units_.push_back(std::move(unit));
  drop_taken();
}

void UnitQueue::leave(Seq seq) {
  std::uint32_t& count = cursors(seq);
  FANFARE_CHECK(count > 0);
  --count;
  if (seq == first_seq_) drop_taken();
}

void UnitQueue::move(Seq from, Seq to) {
  FANFARE_CHECK(from <= to);
  std::uint32_t& count = cursors(from);
  FANFARE_CHECK(count > 0);
  --count;
  ++cursors(to);
  if (from == first_seq_) drop_taken();
}

void UnitQueue::drop_before(Seq seq) {
  while (first_seq_ < seq) pop_front();
}

UnitQueue::Seq UnitQueue::seq_to_keep(std::size_t bytes_max) const {
  Seq seq = first_seq_;
  std::size_t bytes = bytes_;
  for (std::size_t i = head_; i < units_.size() && bytes > bytes_max; ++i, ++seq) bytes -= cost(units_[i]);
  return seq;
}

void UnitQueue::drop_taken() {
  while (!empty() && units_[head_].cursors == 0) pop_front();
}

void UnitQueue::pop_front() {
  FANFARE_CHECK(!empty());
  bytes_ -= cost(units_[head_]);
  holdings_.bytes -= sizeof(Unit);
  units_[head_].rendition.reset();
  units_[head_].alone.reset();
  ++head_;
  ++first_seq_;
  if (head_ == units_.size()) {
    units_.clear();
    if (units_.capacity() > kUnitsKept) units_.shrink_to_fit();
    head_ = 0;
  } else if (head_ >= kCompactAt && head_ * 2 >= units_.size()) {
    units_.erase(units_.begin(), units_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace fanfare
