#include "fanfare/coding/received_sum.h"

#include "fanfare/base/check.h"
#include "fanfare/coding/checksum_shift.h"

namespace fanfare {

void ReceivedSum::add(const PlainSum& piece) {
  const PlainSum both = sum_of_both(coding_, sum(), piece);
  bytes_ = both.bytes;
  checksum_ = both.checksum;
}

void ReceivedSum::attach(const PlainSum& audience) {
  FANFARE_CHECK(!attached_);
  attached_ = true;
  joined_at_ = audience.bytes;
  checksum_ = checksum_difference(coding_, checksum_, audience.checksum);
}

void ReceivedSum::detach(const PlainSum& audience) {
  FANFARE_CHECK(attached_ && audience.bytes >= joined_at_);
  const std::uint64_t bytes = audience.bytes - joined_at_;
  attached_ = false;
  bytes_ += bytes;
  checksum_ = checksum_after(coding_, checksum_, bytes, audience.checksum);
}

PlainSum ReceivedSum::sum() const {
  FANFARE_CHECK(!attached_);
  return {.bytes = bytes_, .checksum = checksum_};
}

}  // namespace fanfare
