// Which path leads to which endpoint of a shard: the whole surface of the server in one place.
#pragma once

#include <memory>

#include "fanfare/server/router.h"

namespace fanfare {

class Shard;

inline constexpr std::string_view kHubPath = "/.well-known/mercure";

// The endpoints borrow the shard, which owns the router.
std::unique_ptr<Router> make_router(Shard& shard);

}  // namespace fanfare
