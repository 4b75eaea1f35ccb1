// The CORS protocol's part of the hub's answers (WHATWG Fetch): which pages of other origins may read them.
// Pure; any thread.
#pragma once

#include "fanfare/access/origins.h"
#include "fanfare/http/message.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

// Adds what a response to this request needs.
void add_cors(const Origins& origins, const http::RequestHead& request, http::Headers& response);

// Answers a preflight request for the hub, and any other OPTIONS.
class PreflightEndpoint final : public Endpoint {
 public:
  explicit PreflightEndpoint(const Origins& origins) : origins_(origins) {}
  void answer(Exchange& exchange) override;

 private:
  const Origins& origins_;
};

}  // namespace fanfare
