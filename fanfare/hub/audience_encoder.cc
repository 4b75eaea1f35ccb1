#include "fanfare/hub/audience_encoder.h"

#include <utility>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

// Fewer bytes have nothing that would repeat: a heartbeat is the same for all audiences.
constexpr std::size_t kPrimedPlainBytesMin = 16;

bool has_primed_form(Coding coding) {
  return coding == Coding::kGzip || coding == Coding::kDeflate;
}

}  // namespace

AudienceEncoder::AudienceEncoder(Coding coding, Renderer& renderer, Holdings& compressors)
    : coding_(coding), renderer_(renderer), compressors_(compressors), place_{.sum = empty_sum(coding)} {
  FANFARE_CHECK(coding != Coding::kIdentity);
}

void AudienceEncoder::encode(const RenditionRef& plain, bool is_private, const Conditions& conditions, Unit& unit) {
  unit.place = place_;
  if (is_private) {
    recent_.forget();
    std::string exit;  // as the unit's own bytes have it
    if (group_) group_->reset(exit);
    set_unit(renderer_.standalone(coding_, plain), Refers::kToNothing, unit);
  } else if (conditions.group) {
    encode_in_group(plain, conditions, unit);
  } else {
    dissolve_group();
    encode_without_group(plain, unit);
  }
  if (unit.joinable) somebody_is_out_of_step_ = false;
  place_.sum = sum_of_both(coding_, place_.sum, sum_of(coding_, plain->payload()));
}

void AudienceEncoder::encode_in_group(const RenditionRef& plain, const Conditions& conditions, Unit& unit) {
  recent_.forget();
  if (!group_) group_ = std::make_unique<GroupEncoder>(coding_);
  if (place_.frame == ZstdFrame::kOpen && group_->frame() == ZstdFrame::kClosed) {
    // The frame of a group that was dissolved.
    encode_without_group(plain, unit);
    return;
  }
  unit.joinable = group_->at_reset_point();
  const bool is_awaited = !unit.joinable && somebody_is_out_of_step_;
  if (is_awaited) unit.alone = renderer_.standalone(coding_, plain);
  const bool begins_afresh = is_awaited && conditions.now_ms - reset_ms_ >= conditions.reset_ms_min;
  if (begins_afresh) reset_ms_ = conditions.now_ms;
  unit.rendition = renderer_.in_group(*group_, plain, begins_afresh ? PieceEnd::kResetPoint : PieceEnd::kGoesOn);
  place_.frame = group_->frame();
  count_group();
}

void AudienceEncoder::encode_without_group(const RenditionRef& plain, Unit& unit) {
  if (!has_primed_form(coding_)) {
    set_unit(renderer_.standalone(coding_, plain), Refers::kToNothing, unit);
    return;
  }
  if (somebody_is_out_of_step_) recent_.forget();
  const bool refers_back = !recent_.view().empty() && plain->payload().size() >= kPrimedPlainBytesMin;
  set_unit(refers_back ? renderer_.primed(recent_, plain) : renderer_.standalone(coding_, plain),
           refers_back ? Refers::kBack : Refers::kToNothing, unit);
  recent_.append(plain->payload());
}

// Those in step are first sent what closes the group's frame.
void AudienceEncoder::set_unit(RenditionRef piece, Refers refers, Unit& unit) {
  const std::string_view exit = group_exit(std::exchange(place_.frame, ZstdFrame::kClosed));
  unit.joinable = refers == Refers::kToNothing && exit.empty();
  if (exit.empty()) {
    unit.rendition = std::move(piece);
    return;
  }
  unit.rendition = renderer_.own(std::string(exit).append(piece->payload()));
  if (somebody_is_out_of_step_) unit.alone = std::move(piece);
}

void AudienceEncoder::dissolve_group() {
  group_.reset();
  count_group();
}

void AudienceEncoder::count_group() {
  const std::size_t bytes = group_ ? sizeof(GroupEncoder) + group_->memory_bytes() : 0;
  compressors_.bytes = compressors_.bytes - group_bytes_ + bytes;
  group_bytes_ = bytes;
}

}  // namespace fanfare
