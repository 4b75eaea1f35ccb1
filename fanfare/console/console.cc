// The table that embed.cmake generates from web/*, as C++ sees it.
#include "fanfare/console/console.h"

namespace fanfare {
namespace {

constexpr ConsoleAsset kAssets[] = {
#include "fanfare/console/assets.inc"
};

}  // namespace

std::span<const ConsoleAsset> console_assets() {
  return kAssets;
}

}  // namespace fanfare
