#include "fanfare/hub/renderer.h"

#include <algorithm>
#include <utility>

namespace fanfare {
namespace {

// Primed pieces that are kept for others of the same turn. Audiences of one topic have the same recent bytes and find
// them here; where more differ than this, most differ.
constexpr std::size_t kPrimedKept = 16;

}  // namespace

RenditionRef Renderer::updates(Wire wire, std::span<const LoggedUpdatePtr> updates) {
  scratch_.clear();
  for (const auto& logged : updates) writer_.append(wire, logged->update, scratch_);
  return own(scratch_);
}

RenditionRef Renderer::merged(std::span<const Emitted> emitted) {
  if (emitted.size() == 1) return emitted[0].rendition;
  std::vector<const Rendition*> parts;
  std::uint64_t hash = emitted.size();
  for (const auto& each : emitted) {
    parts.push_back(each.rendition.get());
    hash = hash * 0x9e3779b97f4a7c15 + each.position;
  }
  auto& candidates = merged_[hash];
  const auto known = std::ranges::find(candidates, parts, &Merged::parts);
  if (known != candidates.end()) return known->whole;
  scratch_.clear();
  for (const auto* part : parts) scratch_.append(part->payload());
  return candidates.emplace_back(std::move(parts), own(scratch_)).whole;
}

RenditionRef Renderer::standalone(Coding coding, const RenditionRef& plain) {
  auto& kept = standalone_[static_cast<std::size_t>(coding)];
  if (const auto known = kept.find(plain.get()); known != kept.end()) return known->second.coded;
  scratch_.clear();
  append_standalone(coding, plain->payload(), scratch_);
  return kept.emplace(plain.get(), Standalone{plain, own(scratch_)}).first->second.coded;
}

RenditionRef Renderer::primed(const RecentPlain& recent, const RenditionRef& plain) {
  for (const Primed& each : primed_) {
    if (each.plain.get() == plain.get() && each.recent == recent.view()) return each.coded;
  }
  if (!primed_encoder_) primed_encoder_ = std::make_unique<PrimedEncoder>();
  scratch_.clear();
  primed_encoder_->encode(recent, plain->payload(), scratch_);
  counters_.compressed_total[static_cast<std::size_t>(CodedForm::kPrimed)].add();
  RenditionRef coded = own(scratch_);
  if (primed_.size() < kPrimedKept) primed_.push_back({plain, std::string(recent.view()), coded});
  return coded;
}

RenditionRef Renderer::in_group(GroupEncoder& group, const RenditionRef& plain, PieceEnd end) {
  scratch_.clear();
  group.encode(plain->payload(), end, scratch_);
  counters_.compressed_total[static_cast<std::size_t>(CodedForm::kGroup)].add();
  return own(scratch_);
}

void Renderer::append_standalone(Coding coding, std::string_view plain, std::string& out) {
  auto& encoder = standalone_encoders_[static_cast<std::size_t>(coding)];
  if (!encoder) encoder = std::make_unique<StandaloneEncoder>(coding);
  encoder->encode(plain, out);
  counters_.compressed_total[static_cast<std::size_t>(CodedForm::kStandalone)].add();
}

void Renderer::end_turn() {
  merged_.clear();
  for (auto& each : standalone_) each.clear();
  primed_.clear();
}

}  // namespace fanfare
