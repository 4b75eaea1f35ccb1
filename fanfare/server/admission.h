// Whether a request is served, by whom, and how much body it may bring: decided when its head is there, whatever
// protocol brought it. One thread: the shard's.
#pragma once

#include <cstddef>
#include <expected>

#include "fanfare/server/exchange.h"

namespace fanfare {

class Shard;

// What a connection gets: what is asked for, or 503 because the server is full, or 429 because the address has too
// many.
enum class Reception { kServed, kFull, kTooMany };

struct Admission {
  Endpoint* endpoint;
  std::size_t body_bytes_max;
};

// Else the answer, complete.
std::expected<Admission, http::Response> admit(Shard& shard, Reception reception, const Exchange& exchange);

}  // namespace fanfare
