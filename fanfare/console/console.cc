// The table that embed/ generates from web/*, as C++ sees it.
#include "fanfare/console/console.h"

#include <algorithm>
#include <vector>

#include "fanfare/coding/negotiation.h"

namespace fanfare {
namespace {

#include "fanfare/console/assets.inc"

}  // namespace

const ConsoleBody& ConsoleAsset::body_for(std::optional<std::string_view> accept_encoding) const {
  std::vector<Coding> offer;
  for (const ConsoleBody& body : bodies) offer.push_back(body.coding);
  const Coding chosen = choose_coding(accept_encoding, offer).value_or(Coding::kIdentity);
  return *std::ranges::find(bodies, chosen, &ConsoleBody::coding);
}

std::span<const ConsoleAsset> console_assets() {
  return kAssets;
}

}  // namespace fanfare
