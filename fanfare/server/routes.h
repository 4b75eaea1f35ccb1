// Which path leads to which endpoint of a shard: the whole surface of the server in one place.
#pragma once

#include <memory>

#include "fanfare/server/router.h"

namespace fanfare {

class Shard;

inline constexpr std::string_view kHubPath = "/.well-known/mercure";
// Discovery (draft-dunglas-mercure-07 section 3): where a response says that the hub is.
inline constexpr std::string_view kHubLink = "</.well-known/mercure>; rel=\"mercure\"";

// The endpoints borrow the shard, which owns the router.
std::unique_ptr<Router> make_router(Shard& shard);

}  // namespace fanfare
